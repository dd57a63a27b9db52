"""Prices of messages in credits: those of an SMS for each part, of an email for each recipient with its copies, of a
WhatsApp message once. What one costs is 1 credit, or as the rates of the account's plan say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.channels import Channel
from domain.messages.page_content import Content
from domain.text.segments import count_segments

CATEGORIES = ("marketing", "utility", "authentication", "service")
"""Of WhatsApp messages: those of templates, and ``service`` for messages without one."""
UNDECLARED = "undeclared"
"""The category of a template whose sender did not name its category."""

_DEFAULT = 1


class Rate(NamedTuple):
    """What a message costs: ``credits`` for each unit, to numbers with this prefix (empty: any), in this category
    (``None``: any)."""

    channel: str
    prefix: str
    category: str | None
    credits: int


class _ChannelRates(NamedTuple):
    lengths: tuple[int, ...]
    """Of the prefixes, the longest first."""
    credits: Mapping[tuple[str, str | None], int]


@dataclass(frozen=True, slots=True)
class Prices:
    """What the messages of an account cost."""

    default: int = _DEFAULT
    """Credits for what no rate is for."""
    rates: Mapping[str, _ChannelRates] = field(default_factory=dict)

    def of(self, channel: Channel, to: str, units: int = 1, category: str | None = None) -> int:
        """Credits of a message with this many SMS parts, or recipients.

        The longest prefix decides; for the same prefix, the rate of the category before the one for any. A template
        whose category is ``UNDECLARED`` costs as much as in the dearest one: leaving it out saves nothing.
        """
        rates = self.rates.get(channel)
        if rates is None:
            return self.default * units
        if category == UNDECLARED:
            return units * max(self._rate(rates, to, one) for one in CATEGORIES)
        return units * self._rate(rates, to, category)

    def _rate(self, rates: _ChannelRates, to: str, category: str | None) -> int:
        for length in rates.lengths:
            for key in ((to[:length], category), (to[:length], None)):
                if key in rates.credits:
                    return rates.credits[key]
        return self.default


ONE_EACH = Prices()
"""Where a plan has no rates."""
FREE = Prices(0)
"""For what admin keys send."""


def priced(rates: Iterable[Rate]) -> Prices:
    """The prices of a plan with these rates."""
    by_channel: dict[str, dict[tuple[str, str | None], int]] = {}
    for rate in rates:
        by_channel.setdefault(rate.channel, {})[rate.prefix, rate.category] = rate.credits
    return Prices(rates={channel: _channel_rates(of_channel) for channel, of_channel in by_channel.items()})


def _channel_rates(by_kind: Mapping[tuple[str, str | None], int]) -> _ChannelRates:
    lengths = {len(prefix) for prefix, _ in by_kind}
    return _ChannelRates(tuple(sorted(lengths, reverse=True)), by_kind)


def sms_content(text: str, sender: str | None = None, *, force_unicode: bool = False) -> tuple[Content, int]:
    """The content of an SMS, and its number of parts."""
    segments = count_segments(text, force_unicode=force_unicode)
    return Content(body=text, sender=sender, unicode=segments.encoding == "ucs2"), segments.parts
