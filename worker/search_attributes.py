"""Registers the search attributes of workflows at a worker's start."""

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.search_attributes import register

log = structlog.get_logger()


async def register_search_attributes(client: Client) -> None:
    """Have the namespace have them, or log why it has not: workflows start without them, too."""
    try:
        await register(client)
    except RPCError as error:  # Temporal Cloud, or a key that may not
        log.warning("search attributes could not be registered, see xsender doctor", status=error.status.name)
