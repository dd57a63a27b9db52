"""Builds of the workers: which has the work, and which may go."""
