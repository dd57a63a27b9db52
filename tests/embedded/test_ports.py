import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.errors import PortTakenError
from embedded.ports import free_port, is_free, remembered_ports, require_free


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server.getsockname()[1]


def test_a_free_port_is_outside_the_range_of_outgoing_connections() -> None:
    port = free_port()
    assert 17_000 <= port < 32_000
    assert is_free(port)


def test_a_busy_port_is_refused_by_name(busy_port: int) -> None:
    assert not is_free(busy_port)
    with pytest.raises(PortTakenError, match=rf"port {busy_port} on 127.0.0.1 .* choose another one for the API"):
        require_free(busy_port, "127.0.0.1", "the API")


def test_ports_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = remembered_ports(file, {"postgres": None, "temporal": None})
    assert len(set(first.values())) == 2
    assert remembered_ports(file, {"postgres": None, "temporal": None}) == first


def test_a_remembered_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path, busy_port: int) -> None:
    file = tmp_path / "ports.json"
    file.write_text(json.dumps({"postgres": busy_port}))
    chosen = remembered_ports(file, {"postgres": None})
    assert chosen["postgres"] != busy_port
    assert json.loads(file.read_text()) == chosen


def test_a_remembered_port_gives_way_to_one_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    old = remembered_ports(file, {"postgres": None})["postgres"]
    chosen = remembered_ports(file, {"postgres": None, "temporal": old})
    assert chosen["temporal"] == old
    assert chosen["postgres"] != old
    assert remembered_ports(file, {"postgres": None}, avoid=chosen.values())["postgres"] not in chosen.values()


def test_a_port_asked_for_must_be_free(tmp_path: Path, busy_port: int) -> None:
    with pytest.raises(PortTakenError, match="temporal-ui"):
        remembered_ports(tmp_path / "ports.json", {"temporal-ui": busy_port})
