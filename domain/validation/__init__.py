"""Checks of values by models: what they say."""
