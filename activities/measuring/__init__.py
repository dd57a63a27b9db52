"""What is measured of the work of activities."""
