"""What a worker sees to in Temporal's namespace at its start: search attributes, and how long it keeps what ended."""

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.retention import NEEDED, retention
from runtime.search_attributes import register

log = structlog.get_logger()


async def warn_of_short_retention(client: Client) -> None:
    """Log what to do when the namespace keeps ended workflows for less time than is needed."""
    try:
        kept = await retention(client)
    except RPCError as error:  # a key may not be allowed to see the namespace's settings
        log.warning("the namespace's retention could not be checked", status=error.status.name)
        return
    if kept < NEEDED:
        log.warning(
            "Temporal forgets ended workflows too early: a request that is repeated later may be sent twice. "
            "Set it with: temporal operator namespace update --retention",
            namespace=client.namespace,
            retention_hours=kept.total_seconds() / 3600,
            needed_hours=NEEDED.total_seconds() / 3600,
        )


async def register_search_attributes(client: Client) -> None:
    """Have the namespace have them, or log why it has not: workflows start without them, too."""
    try:
        await register(client)
    except RPCError as error:  # Temporal Cloud, or a key that may not
        log.warning("search attributes could not be registered, see xsender doctor", status=error.status.name)
