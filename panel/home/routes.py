"""The first page: how sending goes, what it costs, and what needs attention."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.responses import Response

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
    usage, failures, gateways, wallet, alerts, steps = await asyncio.gather(
        _usage(view), _list(view, "/failures"), _list(view, "/gateways"), _credits(view), _alerts(view), steps_of(view)
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
        gateways=gateways,
        credits=wallet,
        alerts=alerts,
        steps=steps,
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
    found = await asyncio.gather(
        *(view.api.get(view.address("/usage"), {"group_by": "day", "channel": one, "from": since}) for one in CHANNELS)
    )
    return {channel: answer["data"] for channel, answer in zip(CHANNELS, found, strict=True)}


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


async def _alerts(view: View) -> list[dict[str, Any]]:
    return [] if view.viewer.account else await _list(view, "/alerts")


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
