"""Hooks of schemathesis: of the values that it makes for a place of a request, the first of each kind.

For a number it tries eight things that are no numbers, and each optional property beside all required ones: all of
them take three times as long.
"""

from typing import Any

import schemathesis

_seen: set[tuple[object, ...]] = set()


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Whether nothing alike was sent to the operation. What is made at random is always sent."""
    made: Any = case.meta.phase.data if case.meta else None
    if not hasattr(made, "scenario"):
        return True
    kind = (case.operation.label, made.scenario, made.parameter, made.parameter_location, made.location)
    is_first = kind not in _seen
    _seen.add(kind)
    return is_first
