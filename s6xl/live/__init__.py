"""What happens when a button is pressed in Excel: a launcher that returns at once, and a worker that acts."""
