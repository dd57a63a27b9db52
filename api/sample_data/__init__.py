"""Sample data of an account."""
