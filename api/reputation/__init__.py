"""``/api/reputation``."""
