"""The version of s6xl."""

__version__ = "0.1.0"
