"""What a process serves to Prometheus; a whole install's is looked at in tests/embedded/test_dev.py."""

import socket

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed
from pydantic import ValidationError

from runtime.metrics import counted
from runtime.metrics.openmetrics import as_openmetrics, is_requested
from runtime.metrics.serving import MetricsAddressError, metrics_served
from runtime.settings import Settings


def test_an_address_that_another_process_has_is_said():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(MetricsAddressError, match="XSENDER_METRICS_ADDRESS"), metrics_served(address):
            pass


@pytest.mark.parametrize("address", ["9464", "http://127.0.0.1:9464", "127.0.0.1:", "127.0.0.1:port"])
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(ValidationError, match="metrics_address"):
        Settings(metrics_address=address)


def test_processes_that_one_command_starts_have_ports_in_a_row():
    settings = Settings(metrics_address="0.0.0.0:9464")
    assert [settings.with_metrics_port(number) for number in range(2)] == ["0.0.0.0:9464", "0.0.0.0:9465"]
    assert Settings().with_metrics_port(1) == ""


def test_only_so_many_gateways_have_figures_of_their_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(counted, "_named", set())
    monkeypatch.setattr(counted, "MOST_GATEWAYS", 2)
    assert [counted.gateway_label(name) for name in ("a", "b", "c", "a")] == ["a", "b", "other", "a"]


def test_openmetrics_have_all_metrics_and_examples():
    registry = CollectorRegistry()
    seconds = Histogram("own_seconds", "Ours.", registry=registry)
    seconds.observe(0.2, {"trace_id": "a" * 32})
    of_sdk = b"""# HELP temporal_request_total Requests
# TYPE temporal_request_total counter
temporal_request_total{operation="Poll"} 3
# HELP temporal_latency_seconds Time
# TYPE temporal_latency_seconds histogram
temporal_latency_seconds_bucket{le="1"} 2
temporal_latency_seconds_bucket{le="+Inf"} 2
temporal_latency_seconds_sum 0.5
temporal_latency_seconds_count 2
"""
    families = {one.name: one for one in parsed(as_openmetrics(registry, of_sdk).decode())}
    assert set(families) == {"own_seconds", "temporal_request", "temporal_latency_seconds"}
    (example,) = [one.exemplar for one in families["own_seconds"].samples if one.exemplar]
    assert (example.labels, example.value) == ({"trace_id": "a" * 32}, 0.2)
    assert [(one.name, one.value) for one in families["temporal_request"].samples] == [("temporal_request_total", 3.0)]


def test_there_is_no_other_format_where_there_are_no_traces():
    assert not is_requested("application/openmetrics-text; version=1.0.0,text/plain")
