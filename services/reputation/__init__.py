"""The reputation guard: warns, and pauses what is not transactional, before providers do."""
