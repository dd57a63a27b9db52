"""Alerts of the install to its operators."""
