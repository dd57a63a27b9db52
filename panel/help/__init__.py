"""The documentation, read within the panel."""
