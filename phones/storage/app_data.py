"""What a phone keeps on disk beside its journal: its identity, and its session at a server."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4


class AppData:
    """The folder of one phone. ``device.json`` outlives the app's data, as the device's id does on Android."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._device = folder / "device.json"
        self._app = folder / "app"
        self._app.mkdir(exist_ok=True)

    @property
    def journal(self) -> Path:
        """The file of its journal."""
        return self._app / "journal.jsonl"

    def device_uuid(self) -> str:
        """The phone's own id, made at the first call."""
        if not self._device.exists():
            _write(self._device, {"uuid": str(uuid4())})
        return str(json.loads(self._device.read_text())["uuid"])

    def session(self, secret: str | None) -> dict[str, Any]:
        """The session at the server; empty if it has none, or if another ``secret`` paired it."""
        path = self._app / "session.json"
        saved: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return saved if secret is None or saved.get("paired_by") == _digest(secret) else {}

    def save_session(self, secret: str | None, session: dict[str, Any]) -> None:
        """Keep a session, and which secret paired it (``None``: the same as before)."""
        paired_by = _digest(secret) if secret else self.session(None).get("paired_by")
        _write(self._app / "session.json", session | {"paired_by": paired_by})

    def wipe(self) -> None:
        """Lose the app's data, as by *Clear storage* in Android's settings: journal and session."""
        shutil.rmtree(self._app)
        self._app.mkdir()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _write(path: Path, values: dict[str, Any]) -> None:
    """Replace a file as a whole; it is the owner's alone, as it holds secrets."""
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(values, file)
    new.replace(path)
