"""What harms the name of a sender, and what follows from it."""
