"""A collector: takes spans over OTLP on a real socket, and can hang."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanProto

from tests.looks import Looks

VARIABLES = ("ENDPOINT", "HEADERS", "TIMEOUT", "TRACES_ENDPOINT", "PROTOCOL")


@dataclass(frozen=True)
class Span:
    """A span as it came."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    seconds: float
    failed: bool
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    service: str
    raw: bytes


@dataclass
class Collector:
    """What has come."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    """Cleared: it takes spans, and does not answer."""

    def of(self, trace: str) -> list[Span]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace == trace]

    async def has(self, trace: str, enough: Callable[[list[Span]], object]) -> list[Span]:
        """The spans of a trace once there are enough."""
        looks = Looks()
        async with asyncio.timeout(20):
            while not enough(found := self.of(trace)):
                await looks.pause()
        return found

    def take(self, body: bytes) -> None:
        """Read a request as the protocol says."""
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {one.key: one.value.string_value for one in of_resource.resource.attributes}["service.name"]
            for scope in of_resource.scope_spans:
                self.spans += [_read(span, service) for span in scope.spans]


def _read(span: SpanProto, service: str) -> Span:
    return Span(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        SpanProto.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        span.status.code == 2,
        {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
        [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        service,
        span.SerializeToString(),
    )


@contextmanager
def running_collector() -> Iterator[Collector]:
    """One on a free port, until the context ends."""
    collector = Collector()
    collector.answers.set()

    class Takes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            collector.take(body)
            collector.answers.wait()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Takes) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield collector
        finally:
            collector.answers.set()
            server.shutdown()
            thread.join()


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Of OpenTelemetry's variables these alone; spans are sent soon."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
        for name in ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SERVICE_NAME", "OTEL_SDK_DISABLED"):
            patch.delenv(name, raising=False)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        for name, value in values.items():
            patch.setenv(name, value)
        yield
