"""Gateways of other packages: entry points of the group ``xsender.gateways``, each a ``GatewayType``.

In such a package's ``pyproject.toml``::

    [project.entry-points."xsender.gateways"]
    acme = "xsender_acme:GATEWAY"
"""

import logging
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points

from gateways.base import GatewayType

GROUP = "xsender.gateways"

log = logging.getLogger(__name__)


def installed(known: Collection[str]) -> dict[str, GatewayType]:
    """By name. One that cannot be used is left out, with an error in the log: the others must continue to work.

    The log is Python's own: this runs when modules are imported, before a process or a command has set up another.
    """
    found: dict[str, GatewayType] = {}
    for point in entry_points(group=GROUP):
        try:
            entry = _load(point)
            taken = {*known, *found} & {entry.name}
            if taken:
                raise ValueError(f"there is a type of gateway with the name {entry.name} already")
            found[entry.name] = entry
        except Exception as error:  # importing it may raise anything
            log.error("the gateway %s of another package cannot be used: %r", point.value, error)
    return found


def _load(point: EntryPoint) -> GatewayType:
    entry = point.load()
    if not isinstance(entry, GatewayType):
        raise TypeError(f"{point.value} is no gateways.base.GatewayType")
    return entry
