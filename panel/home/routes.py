"""The first page: how sending goes, what it costs, and what needs attention."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.responses import Response

from panel.attention import words
from panel.attention.routes import items_of
from panel.failures import words as failure_words
from panel.home.figures import CHANNELS, Day, days, share
from panel.home.steps import hide, steps_of
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.charts import Column, columns
from panel.rendering.formats import Formats

pages = Pages("home")

_DAYS = 14
_FEW = 6


@pages.get("/")
async def home(view: View) -> Response:
    """Of an account, or of the whole install."""
    today = datetime.now(UTC).date()
    (usage, failures, gateways), (wallet, items, steps, has_samples) = await asyncio.gather(
        asyncio.gather(_usage(view), _list(view, "/failures"), _list(view, "/gateways")),
        asyncio.gather(_credits(view), items_of(view), steps_of(view), _has_sample_data(view)),
    )
    shown = days(usage, today, _DAYS)
    return view.page(
        "home/home.html",
        today=shown[-1],
        yesterday=shown[-2],
        chart=_chart(view, shown),
        has_sent=any(day.of("accepted") for day in shown),
        share=share,
        failures=failures[:_FEW],
        failure_words=failure_words,
        gateways=gateways,
        credits=wallet,
        items=items,
        attention_words=words,
        steps=steps,
        has_sample_data=has_samples,
    )


@pages.post("/steps/hide")
async def hide_steps(view: View) -> Response:
    """Whoever knows the way needs no list of first steps."""
    answer = view.redirect("/panel/")
    if view.viewer.account is not None:
        hide(view, answer, view.viewer.account.id)
    return answer


async def look(view: View, _: str) -> bytes:
    """What it counts, to see whether that changed."""
    return orjson.dumps(await _usage(view))


async def _usage(view: View) -> dict[str, list[dict[str, Any]]]:
    since = (datetime.now(UTC).date() - timedelta(days=_DAYS - 1)).isoformat()
    if not view.viewer.may("usage:read"):
        return {}
    query = {"group_by": ["day", "channel"], "from": since, "limit": _DAYS * len(CHANNELS)}
    found = (await view.api.get(view.address("/usage"), query))["data"]
    return {channel: [row for row in found if row["channel"] == channel] for channel in CHANNELS}


async def _list(view: View, path: str) -> list[dict[str, Any]]:
    """What this role may see; nothing if it may not."""
    try:
        return list((await view.api.get(view.address(path)))["data"])
    except Refused as refused:
        if refused.status != 403:
            raise
        return []


async def _credits(view: View) -> dict[str, dict[str, int]]:
    return dict((await view.api.get("/api/credits"))["data"]) if view.viewer.account else {}


async def _has_sample_data(view: View) -> bool:
    return view.viewer.account is not None and (await view.api.get("/api/sample-data"))["data"]["contacts"] > 0


def _chart(view: View, shown: list[Day]) -> Any:
    formats = Formats(view.taste.language, view.taste.zone)
    steps = [
        Column(
            formats.date(day.day),
            {channel: counts.get("accepted", 0) for channel, counts in day.by_channel.items()},
            f"{formats.date(day.day)}: {formats.number(day.of('accepted'))}",
        )
        for day in shown
    ]
    return columns(steps, CHANNELS, view.translate("Messages of the last 14 days"), formats.short_number)
