"""One archive for support: what an install is and how it does, without secrets and personal data.

Everything in it is chosen: figures, states, codes and findings. What people wrote, and what is sealed, is never read.
"""

import io
import json
import platform
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from psycopg import Error
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from runtime.settings import Settings
from services.doctor.examining import Install
from services.doctor.findings import Finding
from store.doctor import figures, server
from store.pool import Pool
from store.reports import gauges, waiting
from store.reports.waiting import Recent
from store.workers import queues_served

_PACKAGES = (
    "xsender",
    "aiohttp",
    "cryptography",
    "fastapi",
    "httpx",
    "psycopg",
    "psycopg-pool",
    "pydantic",
    "temporalio",
    "uvicorn",
)
_SHOWN = (bool, int, float, datetime)
"""Settings of these types say nothing about people, and open nothing."""
_SHOWN_TEXTS = (
    "temporal_address",
    "temporal_namespace",
    "api_host",
    "metrics_address",
    "log_level",
    "default_region",
    "unknown_ends_as",
    "dns_servers",
)
_OF_DATABASE = ("host", "port", "dbname", "sslmode")
_NEEDED = ("postgres", "schema")
"""Checks without which nothing of the database can be read."""


async def make_bundle(install: Install, findings: Sequence[Finding]) -> bytes:
    """The archive, a ``.tar.gz`` with some files of JSON."""
    parts: dict[str, Any] = {
        "versions.json": _versions(),
        "settings.json": shown_settings(install.settings),
        "findings.json": [_shown(one) for one in findings],
    }
    if not any(one.check in _NEEDED and one.level == "failure" for one in findings):
        parts |= await _of_database(install.pool)
    return _archive(parts)


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Settings of this process; of those that may hold a secret only whether they are set."""
    shown: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "set" if value.get_secret_value() else "not set"
        elif name == "database_url":
            value = _database(value)
        elif value is not None and not isinstance(value, _SHOWN) and name not in _SHOWN_TEXTS:
            value = "set"
        shown[name] = value
    return shown


def _database(url: str) -> dict[str, Any]:
    try:
        found = conninfo_to_dict(url)
    except Error:
        return {"unreadable": True}
    return {name: found[name] for name in _OF_DATABASE if name in found}


def _versions() -> dict[str, Any]:
    return {
        "made_at": datetime.now(UTC),
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _shown(one: Finding) -> Mapping[str, Any]:
    return {"check": one.check, "level": one.level, "message": one.message, "remedy": one.remedy}


async def _of_database(pool: Pool) -> dict[str, Any]:
    now = await gauges.read(pool)
    nameless = [{"channel": one.channel, "breaker": one.breaker, "mode": one.mode} for one in now.gateways]
    return {
        "server.json": asdict(await server.read(pool)),
        "schema.json": await server.applied(pool),
        "tables.json": [asdict(one) for one in await figures.table_sizes(pool)],
        "queues.json": {
            "served": sorted(await queues_served(pool)),
            "waiting": [asdict(one) for one in await waiting.read(pool, Recent())],
            "now": asdict(now) | {"gateways": nameless},
        },
        "work.json": await figures.work(pool),
        "errors.json": [asdict(one) for one in await figures.error_classes(pool)],
    }


def _archive(parts: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, value in parts.items():
            text = json.dumps(value, indent=1, default=_plain).encode()
            entry = tarfile.TarInfo(f"xsender-support/{name}")
            entry.size, entry.mtime, entry.mode = len(text), int(time.time()), 0o600
            archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
