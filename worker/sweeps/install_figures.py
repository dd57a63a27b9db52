"""Figures of the whole install for Prometheus, which the leader of maintenance has."""

import time
from collections.abc import Iterator, Sequence
from operator import attrgetter

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from store.pool import Pool
from store.reports import gauges, waiting
from store.reports.gauges import Breaker, Gauges
from store.reports.waiting import Recent, Waiting

LOOK_EVERY = 5.0
_WANTED = 300.0
"""Seconds after a scrape in which looks are worth their while."""
_FRESH = 60.0
"""Seconds after which a look counts no more: another process is the leader, or the database does not answer."""

_BREAKER = {"half_open": 1, "open": 2}
_COUNTS = {
    "xsender_callbacks_pending": ("callbacks", "Deliveries to customers that are to be made."),
    "xsender_runs_waiting": ("runs", "Runs of automations that have not ended."),
    "xsender_leads_parked": ("leads_parked", "Leads that wait for access to their source."),
    "xsender_devices": ("devices", "Phones that are paired."),
    "xsender_devices_online": ("devices_online", "Phones that called lately."),
    "xsender_failing_workflows": ("failing", "Pages and batches whose workflow task fails at every try."),
    "xsender_workers": ("workers", "Worker processes that are alive."),
    "xsender_partition_months_ahead": ("partitions.months", "Coming months that have partitions."),
    "xsender_partition_days_ahead": ("partitions.days", "Coming days that have partitions."),
}


class InstallFigures(Collector):
    """One for each process. Looks are only made while somebody scrapes this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._recent = Recent()
        self._scraped_at = float("-inf")
        self._seen: tuple[float, list[Waiting], Gauges] | None = None

    async def look(self) -> None:
        """Look again; to be done by the leader, every ``LOOK_EVERY`` seconds."""
        if time.monotonic() < self._scraped_at + _WANTED:
            waits = await waiting.read(self._pool, self._recent)
            self._seen = time.monotonic(), waits, await gauges.read(self._pool)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Of the library, in a thread of its own: the last look, if this process is the leader."""
        self._scraped_at = time.monotonic()
        seen = self._seen
        if seen is not None and time.monotonic() < seen[0] + _FRESH:
            yield from _families(seen[1], seen[2])


def _families(waits: list[Waiting], found: Gauges) -> Iterator[GaugeMetricFamily]:
    labels = ["lane", "reason"]
    backlog = GaugeMetricFamily("xsender_backlog", "Messages that are due and have no outcome.", labels=labels)
    what = "For how long the first of them has been due."
    oldest = GaugeMetricFamily("xsender_oldest_waiting_seconds", what, labels=labels)
    for one in waits:
        backlog.add_metric([one.lane, one.reason], one.messages)
        oldest.add_metric([one.lane, one.reason], one.oldest)
    yield backlog
    yield oldest
    for name, (field, text) in _COUNTS.items():
        yield GaugeMetricFamily(name, text, value=attrgetter(field)(found))
    breakers = GaugeMetricFamily(
        "xsender_breaker_state", "Of gateways in trouble: 1 tries again, 2 open.", labels=["channel", "gateway"]
    )
    for (channel, gateway), state in _worst(found.gateways).items():
        breakers.add_metric([channel, gateway], state)
    yield breakers
    paused = sum(gateway.mode != "active" for gateway in found.gateways)
    yield GaugeMetricFamily("xsender_gateways_paused", "Gateways that somebody paused.", value=paused)


def _worst(gateways: Sequence[Breaker]) -> dict[tuple[str, str], int]:
    """States of breakers that are not closed, by channel and name: of two owners' gateways of one name the worst."""
    states: dict[tuple[str, str], int] = {}
    for one in gateways:
        if one.breaker != "closed":
            labels = one.channel, one.gateway
            states[labels] = max(states.get(labels, 0), _BREAKER[one.breaker])
    return states
