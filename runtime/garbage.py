"""Garbage collection of a process that serves."""

import gc

_NEW_OBJECTS = 10_000
"""Python's own 700 has a request's objects looked through several times while it runs, and so kept for longer."""


def spare_what_stays() -> None:
    """Look no more through what the process has begun with (modules, routes, models: 300,000 objects), and less often
    through what is new. To be called once all is imported; never in a process that runs tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
