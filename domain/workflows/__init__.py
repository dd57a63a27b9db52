"""What is known of workflows as such."""
