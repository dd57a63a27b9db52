"""Pages of the panel beside what the API answers of the same, with 1,000,000 messages."""

import time
from functools import partial

from psycopg import AsyncConnection

from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, Run, median, run_in_flight
from bench.messages import PastMessages
from bench.steps.growth import begin_earlier
from bench.tenant import new_tenant
from domain.access.people import Person, PersonKind
from store.access import sessions
from store.pool import long_transaction

_MESSAGES, _LEAST = 1_000_000, 20_000
_READS = 200
_PAGES = {
    "first page of messages": ("/panel/messages", "/api/messages?limit=50"),
    "failed messages": ("/panel/messages?state=failed", "/api/messages?limit=50&state=failed,rejected,expired"),
    "home": ("/panel/", "/api/usage?group_by=day"),
}
_MOST_MS = 150.0


async def measure(install: Install, scale: float) -> list[Figure]:
    """One reader, each page and its floor in turn."""
    count = max(_LEAST, int(_MESSAGES * scale))
    tenant = await new_tenant(install)
    past = PastMessages(tenant.id, int(time.time() * 1000))
    async with long_transaction(install.pool) as conn:
        await begin_earlier(conn)
    await past.fill(install.pool, 0, count)
    async with await AsyncConnection.connect(install.settings.database_url, autocommit=True) as conn:
        await conn.execute("vacuum analyze")
    begun = await sessions.begin(install.pool, Person(PersonKind.USER, tenant.id), "127.0.0.1", "bench", None, "bench")
    assert begun is not None
    figures = []
    for name, (page, floor) in _PAGES.items():
        shown = partial(_get, install, {"Cookie": f"xsender_session={begun.text}"}, page)
        asked = partial(_get, install, {"Api-key": tenant.key}, floor)
        pages: list[Run] = []
        floors: list[Run] = []
        for turn in range(1 + ROUNDS):
            for work, taken in ((asked, floors), (shown, pages)):
                run = await run_in_flight(work, max(20, int(_READS * scale)), 1)
                taken += [run] if turn else []
        figures.append(
            Figure(
                f"panel: {name}, p95, of {count:,}",
                median(pages, _p95).spread.p95_ms,
                "ms",
                f"The API's answers, then the template; promised below {_MOST_MS:g} ms.",
                median(floors, _p95).spread.p95_ms,
                "the API's answer alone",
            )
        )
    return figures


async def _get(install: Install, headers: dict[str, str], url: str, _: int) -> None:
    async with install.http.get(url, headers=headers, allow_redirects=False) as answer:
        text = await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{url}: {answer.status}: {text[:300].decode()}")


def _p95(run: Run) -> float:
    return run.spread.p95_ms
