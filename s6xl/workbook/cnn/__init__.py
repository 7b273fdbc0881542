"""The sheet MNIST, which a training run fills, and the sheets that describe a trained network.

They show a run directory, and need no PyTorch.
"""
