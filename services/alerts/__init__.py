"""Alerts of the install to its operators: which there are, and telling them."""
