"""Workflows that failed or hang by a bug: found by their search attributes, and mended many at a time."""
