"""What child processes of ours are started with."""

import os
from pathlib import Path

import pytest

from domain.keyring import Keyring
from runtime.children import environment_of
from runtime.settings import Settings


def test_a_child_has_the_settings_it_is_given_and_none_of_its_parents(monkeypatch: pytest.MonkeyPatch):
    given = Settings(
        database_url="postgresql://x@127.0.0.1:6432/x",
        database_direct_url="postgresql://x@127.0.0.1:5432/x",
        database_read_url=None,
        data_dir=Path("/somewhere"),
        keys=Keyring.generate(),
        temporal_tls=True,
        unknown_days=2.5,
    )
    monkeypatch.setenv("XSENDER_DATABASE_READ_URL", "postgresql://other@127.0.0.1/other")
    child = environment_of(given)
    assert child["PATH"] == os.environ["PATH"]
    for name in set(os.environ) - set(child):
        monkeypatch.delenv(name)
    for name, value in child.items():
        monkeypatch.setenv(name, value)
    assert Settings() == given
