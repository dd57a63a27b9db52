"""Metrics as OpenMetrics, the format that has examples: which trace took so long."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from runtime.traces import tracing

CONTENT_TYPE = CONTENT_TYPE_LATEST
_NAME = "application/openmetrics-text"


def is_requested(accept: str) -> bool:
    """Whether to answer so: the reader takes it, and there are traces. Without them nothing would be gained."""
    return tracing.spans() is not None and _NAME in accept


def as_openmetrics(registry: CollectorRegistry, of_sdk: bytes) -> bytes:
    """What is in the registry, and what Temporal's SDK says in the older format."""
    text: bytes = generate_latest(_Together(registry, of_sdk.decode()))  # type: ignore[no-untyped-call]
    return text


class _Together(CollectorRegistry):
    def __init__(self, registry: CollectorRegistry, text: str) -> None:
        super().__init__()
        self._registry = registry
        self._text = text

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from text_string_to_metric_families(self._text)
