import pytest

from api.devices.waiting import rounds
from tests.api.devices.looks import Looks


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    found = Looks(rounds.hand_out)
    monkeypatch.setattr(rounds, "hand_out", found)
    return found
