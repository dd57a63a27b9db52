"""What is read and written to bring the database in step with Temporal after it was restored."""
