import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain.keyring import Keyring
from embedded.errors import DataDirBusyError
from embedded.install import keyring_text, locked, write_private, write_settings
from runtime.settings import load_settings


def test_one_instance_holds_a_data_dir(tmp_path: Path) -> None:
    attempt = (
        f"from pathlib import Path; from embedded.install import locked\nwith locked(Path({str(tmp_path)!r})): pass"
    )
    with locked(tmp_path):
        other = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
        assert f"in use by another instance (process {os.getpid()})" in other.stderr
    assert subprocess.run([sys.executable, "-c", attempt], check=False).returncode == 0


def test_a_second_lock_in_one_process_is_refused_too(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DataDirBusyError), locked(tmp_path):
        pass


def test_the_key_ring_is_made_once_and_private(tmp_path: Path) -> None:
    text = keyring_text(tmp_path)
    assert keyring_text(tmp_path) == text
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    ring = Keyring.parse(text, "test")
    assert ring.decrypt(ring.encrypt(b"x", b"aad"), b"aad") == b"x"


def test_a_private_file_is_private_even_where_a_public_one_was(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_settings_of_another_installation_do_not_leak_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSENDER_DATABASE_URL", "postgresql://production/xsender")
    monkeypatch.setenv("XSENDER_TEMPORAL_TLS", "true")
    monkeypatch.setenv("XSENDER_KEYS", "production")
    monkeypatch.setenv("XSENDER_PUBLIC_URL", "https://tunnel.example")
    write_settings(tmp_path, database_url="postgresql://x@127.0.0.1:1/x", public_url="http://127.0.0.1:8000")
    settings = load_settings(tmp_path)
    assert settings.database_url == "postgresql://x@127.0.0.1:1/x"
    assert settings.temporal_tls is False
    assert settings.keys.get_secret_value() == keyring_text(tmp_path)
    assert settings.public_url == "https://tunnel.example"
    assert settings.data_dir == tmp_path


def test_the_settings_file_is_private(tmp_path: Path) -> None:
    write_settings(tmp_path, api_port=8001)
    file = tmp_path / "install.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["api_port"] == 8001
