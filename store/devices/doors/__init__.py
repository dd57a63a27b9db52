"""What the doors of phones read and write themselves."""
