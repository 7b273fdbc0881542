"""A trained network in cells: from the pixels of the sheet Digit to ten probabilities, in plain formulas."""
