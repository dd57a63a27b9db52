"""Checks an install: what is wrong with it, and what to do."""
