"""By what workflows are found."""
