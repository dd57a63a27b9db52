"""Imported by the process that children of ``api.limits.offload`` are forked from, and by no other: loads what they
need. What they share with it stays shared, as collections in a child do not touch it.
"""

import gc

import api.limits.offload_child
import api.sending.parse_request  # noqa: F401 - so that it is loaded

gc.collect()
gc.freeze()
