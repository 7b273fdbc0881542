"""Part 2: a CNN that learns to read handwritten digits. Knows nothing of Excel.

A training is one function of a recipe, data and a run directory, its record; everything else is a view of that.
Only `data`, `model`, `training`, `predicting` and what they import load PyTorch: a record is read without it.
"""
