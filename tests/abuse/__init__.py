"""Attacks on an install, and what another account feels meanwhile."""
