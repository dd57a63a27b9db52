"""Whether this process makes traces, and which of them the running code belongs to.

Imports nothing of OpenTelemetry: where there are no traces, they cost a look at a variable.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from domain.errors import FaultError

if TYPE_CHECKING:
    from runtime.traces.spans import Spans

log = structlog.get_logger()

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Where spans are sent. All variables are OpenTelemetry's own:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"""
_ENDPOINT_OF_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"

MOST_MESSAGES = 32
"""So many requests that share a page have its spans in their traces."""
_LAST_SECONDS = 2.0
"""How long a process that ends waits until its last spans are sent."""


class TracesUnavailableError(FaultError):
    """Traces are wanted, and what makes them is not installed."""


@dataclass(slots=True)
class Here:
    """A span that is recorded, seen from the code that runs within it."""

    traceparent: str
    """Of W3C Trace Context: version, trace, span and flags, as hexadecimal digits."""
    messages: Mapping[int, str] = field(default_factory=dict)
    """The ``traceparent`` of each message's own request, by its index, if several requests share a page."""
    starts_page: bool = False
    """Whether ``messages`` are those of the page that is being started."""
    span: Any = None
    """OpenTelemetry's, to note more in it; ``None``: it is somebody else's."""
    is_open: bool = True
    """Whether the span has not ended. Tasks that live longer than their request or activity still see it."""
    counts: dict[str, int] = field(default_factory=dict)
    """What ``count`` counted."""

    @property
    def trace_id(self) -> str:
        """The trace's id, as hexadecimal digits."""
        return self.traceparent[3:35]

    def note(self, name: str, value: int | str) -> None:
        """Add an attribute to the span, if it has not ended."""
        if self.is_open and self.span is not None:
            self.span.set_attribute(name, value)

    def count(self, name: str) -> None:
        """Add one to an attribute that counts."""
        self.counts[name] = self.counts.get(name, 0) + 1
        self.note(name, self.counts[name])


_here: ContextVar[Here | None] = ContextVar("here", default=None)
_spans: "Spans | None" = None


def spans() -> "Spans | None":
    """What makes this process's spans; ``None``: it makes none."""
    return _spans


def here() -> Here | None:
    """The span that the running code belongs to; ``None``: none is recorded."""
    return _here.get()


def open_here() -> Here | None:
    """The same, unless it has ended."""
    found = _here.get()
    return found if found is not None and found.is_open else None


def exemplar() -> dict[str, str] | None:
    """What a measurement made here is an example of; ``None``: of nothing that is recorded."""
    found = open_here()
    return None if found is None else {"trace_id": found.trace_id}


@contextmanager
def within(span: Here | None) -> Iterator[None]:
    """What runs in the context belongs to this span."""
    token = _here.set(span)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def starting_page(requests: Sequence[Here | None]) -> Iterator[None]:
    """The page that is started in the context has a message of each of these requests. It belongs to the first that is
    recorded; the others' messages know their own."""
    if _spans is None:
        yield
        return
    recorded = [(index, one.traceparent) for index, one in enumerate(requests) if one is not None]
    messages = dict(recorded[:MOST_MESSAGES])
    with within(Here(recorded[0][1], messages, starts_page=True) if recorded else None):
        yield


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says where to send spans, and nothing there turns them off."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return False
    return bool(environment.get(ENDPOINT) or environment.get(_ENDPOINT_OF_TRACES))


@contextmanager
def traces_sent(part: str) -> Iterator[None]:
    """Make spans while the context is open, if they are wanted. ``part``: what this process is: ``api``, ``worker``.

    To be called before the process connects to Temporal. They are sent by a thread of their own; a process that
    ends waits two seconds for it.

    Raises:
        TracesUnavailableError: the packages for it are missing.
    """
    global _spans
    if not is_wanted():
        yield
        return
    try:
        from runtime.traces.spans import Spans
    except ImportError as error:
        message = f"{ENDPOINT} is set, but {error.name} is not installed: install xsender[traces]"
        raise TracesUnavailableError("traces", message) from None
    _spans = made = Spans(part)
    log.info("traces are sent", sampler=made.sampler)
    try:
        yield
    finally:
        _spans = None
        closing = threading.Thread(target=made.close, name="traces", daemon=True)
        closing.start()
        closing.join(_LAST_SECONDS)
