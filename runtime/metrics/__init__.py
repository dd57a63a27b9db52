"""What a process measures of itself, for Prometheus."""
