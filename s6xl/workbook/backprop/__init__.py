"""The sheets of gradient descent: a network's values, gradients and losses, step by step."""
