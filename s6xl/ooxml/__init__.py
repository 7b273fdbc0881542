"""A workbook's file: what reads it, and what changes parts of it and leaves every other byte as it is."""
