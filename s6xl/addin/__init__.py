"""The Excel add-in: builds it, and installs, removes and reports on it where Excel loads it."""
