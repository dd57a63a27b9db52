"""Phones that wait here for messages, by long-polls and by streams of events."""
