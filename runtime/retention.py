"""How long Temporal keeps workflows that have ended.

While a closed page's history exists, a repeat of the request cannot send it again, even if the answer was lost, and
the page's content can still be read from it.
"""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client

NEEDED = timedelta(days=7)
"""Longer than idempotency keys are kept and receipts awaited, with days to spare for manual decisions."""

_TIMEOUT = timedelta(seconds=5)


async def retention(client: Client) -> timedelta:
    """How long the client's namespace keeps workflows that have ended.

    Raises:
        RPCError: Temporal does not answer, has no such namespace, or does not let this client see it.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    answer = await client.workflow_service.describe_namespace(request, timeout=_TIMEOUT)
    kept: timedelta = answer.config.workflow_execution_retention_ttl.ToTimedelta()
    return kept


async def extend_retention(client: Client) -> None:
    """Have the client's namespace keep them for as long as is needed, if it does not yet.

    Raises:
        RPCError: as ``retention``.
    """
    if await retention(client) < NEEDED:
        request = UpdateNamespaceRequest(namespace=client.namespace)
        request.config.workflow_execution_retention_ttl.FromTimedelta(NEEDED)
        await client.workflow_service.update_namespace(request, timeout=_TIMEOUT)
