"""What only the check of an install reads."""
