"""Carries a trace from who starts a workflow to its activities, in headers as Temporal's own interceptors write them.

Workflows that were started without a trace, of which there are most, have no header and no spans. The headers are not
sealed: they have ids of traces and nothing else. Nobody must be able to hurt a workflow by them, so one that cannot be
read is none.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol
from uuid import UUID

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.converter import PayloadConverter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from runtime.traces import tracing
from runtime.traces.spans import Spans, fail

KEY = "_tracer-data"
"""The header of Temporal's own interceptors (``temporalio.contrib.opentelemetry``)."""
_ENDED = "xsender_workflow_ended"
_DIGITS = frozenset("0123456789abcdef-")


@dataclass(frozen=True)
class Carried:
    """What a header says."""

    traceparent: str
    messages: Mapping[int, str]
    """As in ``tracing.Here``."""

    @classmethod
    def read(cls, headers: Mapping[str, Payload]) -> "Carried | None":
        """What is in the headers of a workflow or an activity; ``None``: it is not recorded."""
        if KEY not in headers:
            return None
        try:
            carrier = PayloadConverter.default.from_payload(headers[KEY])
            messages = {int(index): _checked(own) for index, own in carrier.get("messages", {}).items()}
            return cls(_checked(carrier["traceparent"]), messages)
        except Exception:  # whatever it is that somebody else wrote
            return None

    def header(self) -> dict[str, Payload]:
        """To be added to other headers."""
        carrier: dict[str, Any] = {"traceparent": self.traceparent}
        if self.messages:
            carrier["messages"] = {str(index): own for index, own in self.messages.items()}
        return {KEY: PayloadConverter.default.to_payload(carrier)}


def _checked(traceparent: str) -> str:
    if len(traceparent) != 55 or not _DIGITS.issuperset(traceparent) or not traceparent.endswith("-01"):
        raise ValueError("it is no traceparent of a trace that is recorded")
    return traceparent


class TracedCalls(ClientInterceptor, Interceptor):
    """For a client, and for the workers that use it."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        """Of the SDK."""
        return _Client(next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Of the SDK."""
        return _Activity(next, self._spans)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002
        """Of the SDK."""
        input.unsafe_extern_functions[_ENDED] = self._spans.run
        return _Workflow


class _Client(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        if (here := tracing.open_here()) is not None:
            carried = Carried(here.traceparent, here.messages if here.starts_page else {})
            input.headers = {**input.headers, **carried.header()}
        return await super().start_workflow(input)


class _Activity(ActivityInboundInterceptor):
    def __init__(self, next_: ActivityInboundInterceptor, spans: Spans) -> None:
        super().__init__(next_)
        self._spans = spans

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        carried = Carried.read(input.headers)
        if carried is None:
            with tracing.within(None):  # a worker's tasks may have been created within another one
                return await super().execute_activity(input)
        info = activity.info()
        attributes: dict[str, str | int] = {
            "temporalWorkflowID": info.workflow_id or "",
            "temporalRunID": info.workflow_run_id or "",
            "temporalActivityID": info.activity_id,
            "temporalTaskQueue": info.task_queue,
            "temporalAttempt": info.attempt,
        }
        name = f"RunActivity:{info.activity_type}"
        with self._spans.activity(name, carried.traceparent, attributes, carried.messages) as span:
            try:
                return await super().execute_activity(input)
            except Exception as error:
                if not _is_benign(error):
                    fail(span, _kind(error))
                raise


class _Workflow(WorkflowInboundInterceptor):
    """One span for each run, made when it ends. Its id follows from the run's: a worker that takes the run over knows
    it, and so do all activities of the run."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        carried = Carried.read(workflow.info().headers)
        if carried is None:
            return await super().execute_workflow(input)
        try:
            result = await super().execute_workflow(input)
        except workflow.ContinueAsNewError:
            self._end(carried)
            raise
        except (FailureError, asyncio.CancelledError) as error:  # others fail the task, which is tried again
            self._end(carried, _kind(error))
            raise
        self._end(carried)
        return result

    def _end(self, carried: Carried, error: str = "") -> None:
        if workflow.unsafe.is_replaying():  # also when it is evicted
            return
        info = workflow.info()
        workflow.extern_functions()[_ENDED](
            f"RunWorkflow:{info.workflow_type}",
            carried.traceparent,
            int(info.workflow_start_time.timestamp() * 1e9),
            {
                "temporalWorkflowID": info.workflow_id,
                "temporalRunID": info.run_id,
                "temporalTaskQueue": info.task_queue,
            },
            error,
            span_id=_span_of_run(info.run_id),
        )


class _WithHeaders(Protocol):
    headers: Mapping[str, Payload]


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        _carry_on(input)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        _carry_on(input)
        return super().start_local_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> workflow.ChildWorkflowHandle[Any, Any]:  # noqa: A002
        _carry_on(input, with_messages=False)
        return await super().start_child_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002
        headers = workflow.info().headers
        if KEY in headers:
            input.headers = {**input.headers, KEY: headers[KEY]}
        super().continue_as_new(input)


def _carry_on(call: _WithHeaders, *, with_messages: bool = True) -> None:
    """Make what a workflow calls part of its run's span."""
    info = workflow.info()
    carried = Carried.read(info.headers)
    if carried is None:
        return
    own = f"{carried.traceparent[:36]}{_span_of_run(info.run_id):016x}-01"
    call.headers = {**call.headers, **Carried(own, carried.messages if with_messages else {}).header()}


def _span_of_run(run_id: str) -> int:
    return UUID(run_id).int & (2**64 - 1)


def _kind(error: BaseException) -> str:
    """An error's own word for itself; never its message."""
    return error.type if isinstance(error, ApplicationError) and error.type else type(error).__name__


def _is_benign(error: Exception) -> bool:
    return isinstance(error, ApplicationError) and error.category == ApplicationErrorCategory.BENIGN
