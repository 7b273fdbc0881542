"""Part 2 in a workbook: the sheet MNIST, which a training fills, and the sheets that describe a trained network.

They show a run directory, and need no PyTorch.
"""
