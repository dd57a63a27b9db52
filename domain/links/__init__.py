"""Links in messages: short links, what is added to their targets, and who follows them."""
