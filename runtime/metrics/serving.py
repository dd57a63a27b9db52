"""The address at which Prometheus reads what a process measures: ``GET /metrics``."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.request import urlopen

import structlog
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from domain.errors import FaultError
from runtime.metrics.counted import REGISTRY
from runtime.metrics.openmetrics import CONTENT_TYPE, as_openmetrics, is_requested

log = structlog.get_logger()

_SDK_WITHIN = 2.0
"""Seconds; it answers from memory."""


class MetricsAddressError(FaultError):
    """The address cannot be served."""


@contextmanager
def metrics_served(address: str, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Serve the metrics of this process while the context is open; ``""``: at no address.

    To be called before the process connects to Temporal: its SDK is told to measure, too, and what that measures is
    part of the answer. The server has a thread of its own, so that it answers while the process is busy.

    Raises:
        MetricsAddressError: another process has the address.
    """
    if not address:
        yield
        return
    host, _, port = address.rpartition(":")
    sdk = f"127.0.0.1:{_free_port()}"
    try:
        server = ThreadingHTTPServer((host.strip("[]"), int(port)), _handler(registry, f"http://{sdk}/metrics"))
    except (OSError, OverflowError) as error:
        message = f"metrics cannot be served at {address}: {error}. Set XSENDER_METRICS_ADDRESS to a free one"
        raise MetricsAddressError("metrics_address", message) from None
    _have_sdk_measure(sdk)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    log.info("metrics are served", address=address)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _have_sdk_measure(address: str) -> None:
    """Have Temporal's SDK measure, and serve that there, to this process alone."""
    prometheus = PrometheusConfig(
        bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(metrics=prometheus)), error_if_already_set=False)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _handler(registry: CollectorRegistry, sdk: str) -> type[BaseHTTPRequestHandler]:
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        with suppress(ValueError):  # it has them already
            registry.register(collector)

    class Metrics(BaseHTTPRequestHandler):
        """Answers scrapes."""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            has_examples = is_requested(self.headers.get("Accept", ""))
            of_sdk = _of_sdk(sdk)
            text = as_openmetrics(registry, of_sdk) if has_examples else generate_latest(registry) + of_sdk
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE if has_examples else CONTENT_TYPE_PLAIN_0_0_4)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the library
            """Scrapes are not worth a line."""

    return Metrics


def _of_sdk(url: str) -> bytes:
    try:
        with urlopen(url, timeout=_SDK_WITHIN) as answer:  # noqa: S310 - an address of ours
            text: bytes = answer.read()
            return text
    except (URLError, OSError) as error:
        log.warning("the SDK's metrics cannot be read", error=str(error))
        return b""
