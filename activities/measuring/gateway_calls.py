"""A dispatch's calls to its gateway: how long each takes, and spans of some of them where the dispatch is traced."""

import time
from uuid import UUID

from domain.ids import message_uid
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome
from domain.messages.page import DispatchRequest
from gateways.base import Gateway
from gateways.net.http import STATUSES
from runtime.metrics.counted import DISPATCHES, gateway_label
from runtime.traces import tracing

MOST_CALLS = 10
"""So many calls of one dispatch have spans in the trace of their page, and so many more that were not accepted: a batch
of 50,000 messages would have as many spans otherwise. Messages that have a trace of their own each have one there."""


class GatewayCalls:
    """Those of one dispatch."""

    def __init__(self, gateway: Gateway, request: DispatchRequest, gateway_type: str) -> None:
        self._gateway = gateway
        self._request = request
        self._type = gateway_type
        self._seconds = DISPATCHES.labels(request.page.channel, gateway_label(request.route.gateway))
        self._here = tracing.here() if tracing.spans() is not None else None
        self._left = {True: MOST_CALLS, False: MOST_CALLS}
        if self._here is not None:
            self._here.note("xsender.page", request.page.page_id)
            self._here.note("xsender.channel", request.page.channel)
            self._here.note("xsender.lane", request.page.lane)

    async def send(self, index: int, message: Outbound) -> Outcome:
        """Have the gateway send a message, as its protocol says."""
        if self._here is None:
            with self._seconds.time():
                return await self._gateway.send(message)
        begun, measured = time.time_ns(), time.perf_counter()
        statuses: list[int] = []
        token = STATUSES.set(statuses)
        ended, kind = "", "interrupted"
        try:
            outcome = await self._gateway.send(message)
            kind = outcome.kind
            return outcome
        except BaseException as error:
            ended = type(error).__name__
            raise
        finally:
            STATUSES.reset(token)
            self._seconds.observe(time.perf_counter() - measured, tracing.exemplar())
            self._here.count(f"xsender.outcomes.{kind}")
            self._add_span(self._here, index, begun, kind, ended, statuses)

    def _add_span(self, here: tracing.Here, index: int, begun: int, kind: str, error: str, statuses: list[int]) -> None:
        spans = tracing.spans()
        own = here.messages.get(index)
        if spans is None or not self._may_have_span(here, own, is_accepted=kind == "accepted"):
            return
        is_elsewhere = own is not None and own[3:35] != here.trace_id
        page = self._request.page
        attributes: dict[str, str | int] = {
            "xsender.uid": str(message_uid(UUID(page.page_id), index)),
            "xsender.account": page.account_of(index),
            "xsender.channel": page.channel,
            "xsender.lane": page.lane,
            "xsender.attempt": self._request.attempt,
            "xsender.gateway.type": self._type,
            "xsender.gateway.id": self._request.route.gateway_id,
            "xsender.outcome": kind,
        }
        if statuses:
            attributes |= {"http.response.status_code": statuses[-1]}
        spans.call(
            f"{self._type} send",
            own if is_elsewhere and own else here.traceparent,
            begun,
            attributes,
            error or ("" if kind == "accepted" else kind),
            here.traceparent if is_elsewhere else "",
        )

    def _may_have_span(self, here: tracing.Here, own: str | None, *, is_accepted: bool) -> bool:
        if here.messages:
            return own is not None
        self._left[is_accepted] -= 1
        return self._left[is_accepted] >= 0
