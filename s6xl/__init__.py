"""Backpropagation in live Excel formulas: the workbook, its mathematics, and the command line that builds it."""

__version__ = "0.1.0"
