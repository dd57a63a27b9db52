"""Search attributes of the client's namespace: registering them, and starting workflows where that was not possible."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from domain.workflows.search_attributes import NAMES, started_with

log = structlog.get_logger()

_TIMEOUT = timedelta(seconds=5)
_AGAIN = 30.0
"""Seconds after which a start is tried with them again: somebody may have registered them."""


_KEYS = {name: SearchAttributeKey.for_keyword(name) for name in NAMES}


def attributes(
    *, channel: str = "", lane: str = "", account: int | None = None, accounts: Sequence[int] = ()
) -> TypedSearchAttributes:
    """What a workflow is started with. ``accounts``: of each message of a page, if several accounts share it."""
    values = started_with(channel, lane, account, accounts)
    return TypedSearchAttributes([SearchAttributePair(_KEYS[name], value) for name, value in values.items()])


async def missing(client: Client) -> Sequence[str]:
    """Those that the client's namespace does not have.

    Raises:
        RPCError: Temporal does not answer, or does not let this client see them.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    found = await client.operator_service.list_search_attributes(request, timeout=_TIMEOUT)
    return [name for name in NAMES if name not in found.custom_attributes]


async def register(client: Client) -> None:
    """Have the client's namespace have them. Safe to repeat.

    Raises:
        RPCError: as ``missing``; Temporal Cloud lets nobody register them in this way.
    """
    if left := await missing(client):
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=dict.fromkeys(left, keyword))
        await client.operator_service.add_search_attributes(request, timeout=_TIMEOUT)


class StartsWithout(Interceptor):
    """Starts workflows without search attributes where the namespace does not have them: then they are not found by
    them, and all else works."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK names it
        """See the SDK."""
        return _Starts(next)


class _Starts(OutboundInterceptor):
    """Temporal refuses such a start before it exists, so that it may be repeated."""

    def __init__(self, next_: OutboundInterceptor) -> None:
        super().__init__(next_)
        self._again_at = 0.0

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        if input.search_attributes is None:
            return await super().start_workflow(input)
        if time.monotonic() < self._again_at:
            input.search_attributes = None
            return await super().start_workflow(input)
        try:
            return await super().start_workflow(input)
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
        input.search_attributes = None
        started = await super().start_workflow(input)  # else they were not the reason
        if not self._again_at:
            log.warning("Temporal does not have our search attributes: workflows are not found by them, see doctor")
        self._again_at = time.monotonic() + _AGAIN
        return started
