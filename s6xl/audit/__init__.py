"""Holds anyone's backpropagation workbook against the table of quantities and says what is wrong where."""
