"""Sample data: offered where nothing is yet, and taken away again."""
