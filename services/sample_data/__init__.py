"""Data to look around with, which can be taken away again."""
