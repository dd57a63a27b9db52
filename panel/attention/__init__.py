"""What needs attention: the bell, its page, and a part of the first page."""
