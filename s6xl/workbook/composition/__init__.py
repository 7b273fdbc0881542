"""Whole workbooks, put together from the sheets of every kind."""
