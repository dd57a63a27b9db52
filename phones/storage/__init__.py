"""What a phone keeps on disk."""
