"""Making spans with OpenTelemetry's SDK. Imported only where traces are wanted.

A span has names and ids of ours. It never has an address, a text, a path with ids of others, or an error's message.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.traces.tracing import Here, within

SAMPLED = 0.05
"""Of requests that come without a trace, if the environment does not say another share."""

Attributes = Mapping[str, str | int]
_MESSAGE_EVERY = 60.0
"""Seconds between two lines of the log about a collector that does not take spans."""

_W3C = TraceContextTextMapPropagator()
_span_id: ContextVar[int | None] = ContextVar("span_id", default=None)


class Spans:
    """Makes spans, and sends them to a collector: in a thread of its own, from a queue that drops what is too much."""

    def __init__(self, part: str) -> None:
        """``part``: the process; it is ``xsender-<part>`` unless the environment has another name of the service."""
        sampler = None if os.environ.get("OTEL_TRACES_SAMPLER") else ParentBasedTraceIdRatio(_share())
        self._provider = TracerProvider(sampler, _resource(part), shutdown_on_exit=False, id_generator=_Ids())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("xsender", version("xsender"))
        _SELDOM.install()

    @property
    def sampler(self) -> str:
        """Which traces are recorded, in OpenTelemetry's words."""
        return self._provider.sampler.get_description().partition(",")[0]

    def close(self) -> None:
        """Send what is left. Takes as long as the collector."""
        self._provider.shutdown()

    @contextmanager
    def request(self, method: str, traceparent: str | None) -> Iterator[Span | None]:
        """A request to the API, in the trace that it came with if it did; ``None``: it is not recorded."""
        span = self._tracer.start_span(method, _context(traceparent), SpanKind.SERVER)
        if not span.is_recording():
            yield None
            return
        with _entered(span):
            yield span

    def name_request(self, span: Span, method: str, route: str, status: int, attributes: Attributes) -> None:
        """Say what a request was, once that is known. ``status`` 0: it got no answer."""
        span.update_name(f"{method} {route}" if route else method)
        span.set_attribute("http.request.method", method)
        if route:
            span.set_attribute("http.route", route)
        if status:
            span.set_attribute("http.response.status_code", status)
        span.set_attributes(attributes)
        if status >= 500:
            fail(span, str(status))

    @contextmanager
    def activity(
        self, name: str, traceparent: str, attributes: Attributes, messages: Mapping[int, str]
    ) -> Iterator[Span]:
        """An activity of a workflow that is recorded. ``messages``: as in ``Here``."""
        span = self._tracer.start_span(name, _context(traceparent), SpanKind.CONSUMER, attributes)
        with _entered(span, messages):
            yield span

    def call(
        self, name: str, traceparent: str, begun: int, attributes: Attributes, error: str = "", beside: str = ""
    ) -> None:
        """A call to a gateway that began at ``begun`` (Unix nanoseconds) and ends now.

        ``error``: what kind of, if it failed. ``beside``: the ``traceparent`` of a span of another trace that it
        belongs to as well.
        """
        links = [Link(get_current_span(_context(beside)).get_span_context())] if beside else None
        _end(self._tracer.start_span(name, _context(traceparent), SpanKind.CLIENT, attributes, links, begun), error)

    def run(
        self, name: str, traceparent: str, begun: int, attributes: Attributes, error: str = "", *, span_id: int
    ) -> None:
        """A run of a workflow that ends now, as above. Its span has that id."""
        token = _span_id.set(span_id)
        try:
            span = self._tracer.start_span(name, _context(traceparent), SpanKind.INTERNAL, attributes, None, begun)
        finally:
            _span_id.reset(token)
        _end(span, error)


def fail(span: Span, error: str) -> None:
    """Note what kind of error a span ended with. Its message may quote an address."""
    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)


def _end(span: Span, error: str) -> None:
    if error:
        fail(span, error)
    span.end()


@contextmanager
def _entered(span: Span, messages: Mapping[int, str] | None = None) -> Iterator[None]:
    """What runs in the context belongs to a span, which ends with it."""
    if not span.is_recording():
        with within(None):
            yield
        return
    ids = span.get_span_context()
    here = Here(f"00-{ids.trace_id:032x}-{ids.span_id:016x}-01", messages or {}, span=span)
    try:
        with within(here):
            yield
    finally:
        here.is_open = False
        span.end()


def _context(traceparent: str | None) -> Context:
    """Without the ``tracestate``: it is text of others. One that cannot be read begins a new trace."""
    return _W3C.extract({"traceparent": traceparent} if traceparent else {}, Context())


def _share() -> float:
    given = os.environ.get("OTEL_TRACES_SAMPLER_ARG", "")
    return float(given) if given else SAMPLED


def _resource(part: str) -> Resource:
    named = Resource.create()
    is_named = not str(named.attributes.get(SERVICE_NAME, "unknown_service")).startswith("unknown_service")
    return named if is_named else named.merge(Resource({SERVICE_NAME: f"xsender-{part}"}))


class _Ids(RandomIdGenerator):
    """Random ids, and the ids of runs of workflows where they are given."""

    def generate_span_id(self) -> int:
        """The next span's."""
        return _span_id.get() or super().generate_span_id()


class _Seldom(logging.Filter):
    """Lets few lines about a collector pass: it may be away for days."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def install(self) -> None:
        """Once, however often it is called."""
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Of ``logging``."""
        if record.levelno < logging.WARNING or (now := time.monotonic()) < self._next:
            return False
        self._next = now + _MESSAGE_EVERY
        return True


_SELDOM = _Seldom()
