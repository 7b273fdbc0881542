"""What the tests share: witnesses, stand-ins for Excel and LibreOffice, and makers of input."""
