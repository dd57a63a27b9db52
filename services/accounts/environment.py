"""Whether anything that an account sends leaves the install."""

from enum import StrEnum

from store.gateways import gateway_queries
from store.pool import Connections

_INSIDE = ("sandbox",)
"""Types of gateways that deliver to nobody."""


class Environment(StrEnum):
    """What the gateways of an account make of it."""

    TEST = "test"
    """Nothing leaves: of the enabled gateways that it may use, own ones and others', all are sandboxes, or there are
    none."""
    LIVE = "live"


async def environment_of(store: Connections, account_id: int) -> Environment:
    """That of an account, at this moment."""
    sends = await gateway_queries.may_use_others(store, account_id, _INSIDE)
    return Environment.LIVE if sends else Environment.TEST
