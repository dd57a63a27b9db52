"""Garbage collection settings of server processes."""

import gc

_NEW_OBJECTS = 10_000
"""With Python's default of 700 a request's objects are scanned several times while it runs, and kept longer."""


def freeze_startup_objects() -> None:
    """Exclude objects that exist at startup (modules, routes, models: 300,000) from collection, and scan new ones
    less often. Call it once all is imported; never in a process that runs tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
