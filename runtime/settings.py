"""A process's settings (database, Temporal, keys), from the environment or an install's data dir.

Every field can be set as ``XSENDER_<NAME>``. ``xsender dev`` writes an install's settings to
``<data-dir>/install.json``, so that ``xsender --data-dir D …`` uses that install; the environment takes precedence.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

INSTALL_FILE = "install.json"

_NAME_OF_A_BUILD = r"^(|[0-9A-Za-z][0-9A-Za-z._+-]{0,99})$"

_OF_RETENTION = (
    *("keep_months", "keep_attempt_months", "event_days", "callback_days", "request_log_days"),
    "inbound_days",
)
_OF_INSTALL = ("public_url", "default_region", "unknown_days", "unknown_ends_as", *_OF_RETENTION)


class Settings(BaseSettings):
    """All settings that a process of xsender needs to start."""

    model_config = SettingsConfigDict(env_prefix="XSENDER_", extra="ignore")

    data_dir: Path | None = None
    """The folder of an embedded install; ``None`` in production."""

    database_url: str = "postgresql://xsender@127.0.0.1:5432/xsender"
    database_pool_size: int = 12
    database_direct_url: str | None = None
    """The database itself, if ``database_url`` is that of a pooler in transaction mode, such as PgBouncer: for
    migrations, locks and notices, which need a session of their own."""
    database_read_url: str | None = None
    """A replica of the database, from which lists of messages, failures, usage and requests are read: behind by as
    much as it is. While it does not answer they are read from the database."""

    database_disk_gb: float | None = Field(default=None, gt=0)
    """How many GB (1e9 bytes) the disk of the database server has for its databases, which it does not say itself: so
    that workers alert before it is full. Unset: they do not. Not used by ``xsender dev``, which looks at the disk."""

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_tls: bool = False
    temporal_tls_cert: Path | None = None
    temporal_tls_key: Path | None = None
    temporal_api_key: SecretStr | None = None
    temporal_ui: str | None = None
    """URL of the Temporal web UI, for links and the codec endpoint's CORS header."""

    build_id: str = Field(default="", pattern=_NAME_OF_A_BUILD)
    """What build this worker is, such as a commit; empty: Temporal hands its work to any worker. Workers of a build get
    work once it is promoted: docs/upgrading.md. Not used by ``xsender dev``."""
    deployment: str = Field(default="xsender", pattern=r"^[0-9A-Za-z][0-9A-Za-z_/-]{0,99}$")
    """What Temporal calls the workers of this install, when they have builds; its worker controller on Kubernetes calls
    them ``namespace/name``."""

    keys: SecretStr = SecretStr("")
    """Key ring for secrets at rest and Temporal payloads: ``id:base64,…``, 32 bytes each, the first one current."""

    payload_encryption: bool = True
    accept_unsealed_until: datetime | None = None
    """Until then unsealed payloads are accepted, too: only for the change from ``payload_encryption = False``."""

    api_host: str = "127.0.0.1"
    api_port: int = 8000
    public_url: str | None = None
    """The API's public base URL."""

    metrics_address: str = Field(default="", pattern=r"^(|[0-9A-Za-z.:\[\]-]+:[0-9]{1,5})$")
    """Where this process serves ``GET /metrics`` to Prometheus, such as ``0.0.0.0:9464``; empty: nowhere. Without a
    key: let nobody else reach it. Of several processes that one command starts each next one has the next port."""

    log_level: str = "INFO"
    log_json: bool = False

    default_region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """Region for numbers without a country code, such as ``GB``; without it such numbers are refused."""

    @field_validator("default_region")
    @classmethod
    def _is_a_region(cls, region: str | None) -> str | None:
        if region is not None:
            from domain.recipients import is_region  # slow to import, and seldom needed

            if not is_region(region):
                raise ValueError(f"there is no country {region}: use its two letters, such as FR")
        return region

    meta_app_secret: SecretStr = SecretStr("")
    """Of the install's own app at Meta, which signs posts of leads. Empty: customers have apps of their own."""
    meta_verify_token: SecretStr = SecretStr("")
    """What Meta brings when it checks the address of that app."""

    alert_slack_url: SecretStr = SecretStr("")
    """Where workers post alerts of the install: an incoming webhook of Slack, or of what takes the same posts
    (Mattermost, Rocket.Chat, Google Chat), also in a private network. Empty: nowhere."""

    dns_servers: str = ""
    """Which DNS servers are asked for the records of sender domains: ``192.0.2.1`` or ``192.0.2.1:5353``, several with
    commas. Empty: those of the machine."""

    unknown_days: float = Field(default=7.0, gt=0, le=3650)
    """For how many days a message stays ``unknown`` before it is ended."""
    unknown_ends_as: Literal["failed", "sent"] = "failed"
    """How: ``failed`` gives its credit back, ``sent`` keeps it."""

    keep_months: int | None = Field(default=None, ge=1, le=1200)
    """For how many months before this one messages are kept, with their tries and receipts; unset: for ever."""
    keep_attempt_months: int | None = Field(default=None, ge=1, le=1200)
    """For how many their tries and receipts are kept, if for fewer; unset: as long as messages."""
    event_days: int | None = Field(default=None, ge=90, le=3650)
    """For how many days what happened to contacts is kept; unset: 90."""
    callback_days: int | None = Field(default=None, ge=7, le=365)
    """For how many days callbacks are kept, to look at and to send again; unset: 30."""
    request_log_days: int | None = Field(default=None, ge=1, le=90)
    """For how many days the log of requests is kept; unset: 7."""
    inbound_days: int | None = Field(default=None, ge=30, le=3650)
    """For how many days messages from people are kept; unset: for ever."""

    @property
    def database_session_url(self) -> str:
        """For what needs a session of its own."""
        return self.database_direct_url or self.database_url

    def with_metrics_port(self, number: int) -> str:
        """``metrics_address`` of the process with this number, from 0, of those that one command starts."""
        host, _, port = self.metrics_address.rpartition(":")
        return f"{host}:{int(port) + number}" if self.metrics_address else ""

    @property
    def for_install(self) -> dict[str, Any]:
        """Settings of the whole install that this process was started with. What was set over HTTP or by command goes
        before them, see ``services/settings``."""
        return {name: value for name in _OF_INSTALL if name in self.model_fields_set and (value := getattr(self, name))}

    @field_validator(
        "accept_unsealed_until",
        *_OF_RETENTION,
        "database_direct_url",
        "database_read_url",
        "database_disk_gb",
        mode="before",
    )
    @classmethod
    def _unset_if_empty(cls, value: object) -> object:
        return value or None

    @field_validator("accept_unsealed_until")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment takes precedence over the install's file, which is passed as init values."""
        return env_settings, init_settings


def load_settings(data_dir: Path | None = None) -> Settings:
    """Settings of this process: environment first, then ``<data-dir>/install.json`` where there is one."""
    folder = data_dir or (Path(env) if (env := os.environ.get("XSENDER_DATA_DIR")) else None)
    written: dict[str, Any] = {}
    if folder is not None:
        file = folder / INSTALL_FILE
        if file.exists():
            written = json.loads(file.read_text())
        written["data_dir"] = folder
    return Settings(**written)
