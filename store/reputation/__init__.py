"""Bad reports, what the reputation guard found, and what it paused."""
