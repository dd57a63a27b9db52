"""Temporal: whether it answers, its version, how fast, what its namespace keeps, and what ended too early there."""

import time
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.workflows.search_attributes import NAMES
from runtime.retention import NEEDED, extend_retention, retention
from runtime.search_attributes import missing, register
from runtime.settings import Settings
from services.doctor.findings import Finding, ok, warning
from services.workflows.planning import plan
from services.workflows.wanted import Wanted

_WITHIN = timedelta(seconds=5)
_CALLS = 9
_SLOW = 0.1
"""Seconds of a call that does next to nothing: each message takes several."""
_OLDEST = (1, 27)
_RECEIPTS = "ReceiptsWorkflow"


async def check_engine(client: Client, settings: Settings) -> Sequence[Finding]:
    """Raises ``RPCError`` if it does not answer."""
    times, version = [], ""
    for _ in range(_CALLS):
        begun = time.monotonic()
        version = (
            await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=_WITHIN)
        ).server_version
        times.append(time.monotonic() - begun)
    return [
        _version(version, settings),
        _latency(median(times)),
        await _retention(client),
        await _search_attributes(client),
        await _receipts(client),
    ]


def _version(version: str, settings: Settings) -> Finding:
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdecimal())
    if len(numbers) == 2 and numbers < _OLDEST:
        return warning("temporal", f"Temporal {version} is old", f"upgrade it to {_OLDEST[0]}.{_OLDEST[1]} or newer")
    if settings.data_dir is not None:
        return ok("temporal", f"Temporal {version} answers; it is the development server of xsender dev")
    return ok("temporal", f"Temporal {version} answers")


def _latency(seconds: float) -> Finding:
    text = f"a call to Temporal takes {seconds * 1000:.1f} ms"
    if seconds < _SLOW:
        return ok("temporal_latency", text)
    remedy = "put it nearer, or give it and its database more CPU: each message takes several calls"
    return warning("temporal_latency", text, remedy)


async def _retention(client: Client) -> Finding:
    try:
        kept = await retention(client)
    except RPCError as error:
        return warning(
            "temporal_retention",
            f"what the namespace {client.namespace} keeps cannot be read: {error.status.name}",
            f"see that it keeps ended workflows for {NEEDED.days} days or longer",
        )
    text = f"ended workflows are kept for {kept / timedelta(hours=1):.0f} hours"
    if kept >= NEEDED:
        return ok("temporal_retention", text)

    async def extend() -> str:
        await extend_retention(client)
        return f"they are kept for {NEEDED.days} days from now on"

    set_it = f"temporal operator namespace update --retention {NEEDED.days}d"
    remedy = f"{set_it}: else a request that is repeated later may be sent twice"
    return warning("temporal_retention", text, remedy, extend)


async def _search_attributes(client: Client) -> Finding:
    """What operators find workflows by. Workflows start without them, too."""
    name = "temporal_search_attributes"
    try:
        left = await missing(client)
    except RPCError as error:
        return warning(
            name,
            f"the search attributes of the namespace {client.namespace} cannot be read: {error.status.name}",
            f"see that it has {', '.join(NAMES)}, of the type Keyword: xsender workflows finds workflows by them",
        )
    if not left:
        return ok(name, "workflows are found by channel, lane, account and outcome")

    async def add() -> str:
        await register(client)
        return "they are there: workflows that start from now on are found by them"

    options = " ".join(f"--name {one} --type Keyword" for one in left)
    remedy = f"temporal operator search-attribute create {options}; in Temporal Cloud its web page or tcld adds them"
    text = f"the namespace {client.namespace} does not have the search attributes {', '.join(left)}"
    return warning(name, f"{text}: xsender workflows cannot find workflows by them", remedy, add)


async def _receipts(client: Client) -> Finding:
    """Workflows of what providers reported are alone in that nothing starts them again, once a person or a bug ended
    them. Not mended by itself, as somebody may have ended them on purpose."""
    statuses = ("failed", "timed_out", "terminated")
    ended = await plan(client, "reset", Wanted(type=_RECEIPTS, statuses=statuses), "", is_dry=True)
    if not ended.workflows:
        return ok("receipts", "no workflow ended before what providers reported was applied")
    more = " or more" if ended.left else ""
    text = f"{ended.workflows}{more} workflows ended before what providers reported was applied"
    return warning("receipts", text, f"xsender workflows reset --type {_RECEIPTS} --status {','.join(statuses)}")
