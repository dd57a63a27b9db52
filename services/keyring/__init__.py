"""The key ring of an install."""
