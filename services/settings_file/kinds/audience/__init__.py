"""Kinds that belong to one user, such as its segments: ``ann@example.com vip``."""
