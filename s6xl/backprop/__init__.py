"""The mathematics of backpropagation: a network as a table of quantities, its gradients, and gradient descent."""
