"""The CNN that learns to read handwritten digits. It knows nothing of spreadsheets.

Training is one function of a recipe, data and a run directory, which is its record; everything else is a view of that
record. Only `data`, `model`, `training`, `predicting` and what they import load PyTorch: reading a record needs none.
"""
