"""What Meta says of a business's own number: read from the Graph API, and reported by its webhooks."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from domain.whatsapp.numbers import NumberReport
from gateways.answers import parse
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer
from gateways.webhooks.events import mapping, objects_in, seconds, text

_FIELDS = "display_phone_number,quality_rating,messaging_limit_tier"
_WORD = re.compile(r"[A-Z0-9_]{1,50}")
_THROUGHPUT = "THROUGHPUT_UPGRADE"
"""With this event the limit is that of messages a second."""
_TIERS = {-1: "TIER_UNLIMITED", 50: "TIER_50", 250: "TIER_250", 1000: "TIER_1K", 2000: "TIER_2K", 10_000: "TIER_10K"}
_TIERS |= {100_000: "TIER_100K"}


async def read_number(http: HttpClient, base: str, number_id: str, token: str, wait: float) -> NumberReport | None:
    """The number now; ``None``: Meta did not tell."""
    url = f"{base}/{number_id}?{urlencode({'fields': _FIELDS})}"
    answer = await http.exchange(call("GET", url, {"authorization": f"Bearer {token}"}, wait))
    body = parse(answer) if isinstance(answer, Answer) and 200 <= answer.status < 300 else None
    found = mapping(body)
    number = _number(found.get("display_phone_number"))
    if number is None:
        return None
    return NumberReport(number, _word(found.get("quality_rating")), _word(found.get("messaging_limit_tier")))


def reports_of_numbers(body: Any, account: str, now: float) -> Iterator[NumberReport]:
    """What a webhook's post reports of the numbers of a business account."""
    for entry in (one for post in objects_in(body) for one in objects_in(post.get("entry") or [])):
        if text(entry.get("id")) != account:
            continue
        at = min(now, seconds(entry.get("time"), otherwise=now))
        for change in objects_in(entry.get("changes") or []):
            field, value = change.get("field"), mapping(change.get("value"))
            limit = value.get("max_daily_conversations_per_business")
            if field == "phone_number_quality_update" and (number := _number(value.get("display_phone_number"))):
                event = _word(value.get("event"))
                tier = None if event == _THROUGHPUT else _tier(limit) or _tier(value.get("current_limit"))
                yield NumberReport(number, None, tier, event, at)
            elif field == "business_capability_update" and (
                tier := _tier(limit) or _tier(value.get("max_daily_conversation_per_phone"))
            ):
                yield NumberReport(messaging_limit=tier, at=at)


def _number(given: object) -> str | None:
    digits = re.sub(r"[ ()+.-]", "", given) if isinstance(given, str) else ""
    return f"+{digits}" if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None


def _word(given: object) -> str | None:
    return given if isinstance(given, str) and _WORD.fullmatch(given) else None


def _tier(given: object) -> str | None:
    if isinstance(given, int) and not isinstance(given, bool):
        return _TIERS.get(given, str(given))
    return _word(given)
