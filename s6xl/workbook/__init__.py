"""The sheets of a workbook, as live formulas with cached values."""
