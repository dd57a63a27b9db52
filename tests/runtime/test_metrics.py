"""What a process serves to Prometheus; a whole install's is looked at in tests/embedded/test_dev.py."""

import socket

import pytest
from pydantic import ValidationError

from runtime.metrics import counted
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
