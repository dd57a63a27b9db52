from pathlib import Path
from typing import Any

import pytest

from embedded.dev import DevOptions


def test_everything_has_a_default() -> None:
    options = DevOptions()
    assert options.url == "http://127.0.0.1:8000"
    assert set(options.engine_ports().values()) == {None}


def test_an_api_on_every_address_is_reached_on_the_local_one() -> None:
    assert DevOptions(host="0.0.0.0", port=8001).url == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "localhost"},
        {"host": "::1"},
        {"port": 0},
        {"port": 65536},
        {"temporal_port": -1},
        {"port": 8000, "temporal_ui_port": 8000},
        {"temporal_port": 9000, "postgres_port": 9000},
        {"data_dir": Path(__file__)},
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        DevOptions(**wrong)
