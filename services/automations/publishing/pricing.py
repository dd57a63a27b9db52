"""What messages of an automation cost, about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.automations.definition.steps import Send
from domain.channels import Channel
from domain.errors import InvalidError
from domain.messages.prices import ONE_EACH, Prices
from domain.text.segments import count_segments
from services.accounts.rates import PlanPrices
from services.audience.templates.named import NamedTemplates
from store.accounts.sending_terms import SendingTerms
from store.automations.publishing import people
from store.pool import Connections

_SAMPLE = 20
"""Contacts by whose numbers prices are told."""


@dataclass(slots=True)
class Pricing:
    """Of one account: templates are read once."""

    templates: NamedTemplates
    account_id: int
    prices: Prices = ONE_EACH
    numbers: Sequence[str] = ()
    _read: dict[tuple[str, str], NamedTemplate | None] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        store: Connections,
        templates: NamedTemplates,
        prices: PlanPrices,
        account_id: int,
        terms: SendingTerms | None,
        automation_id: UUID,
    ) -> "Pricing":
        """By the account's plan, and the numbers of some contacts inside."""
        numbers = await people.some_numbers(store, automation_id, _SAMPLE)
        listed = await prices.of(account_id, terms.rates_version if terms else None)
        return cls(templates, account_id, listed, numbers)

    async def texts(self, step: Send) -> list[str]:
        """All texts that a step may send."""
        if step.content is not None:
            given = step.content
            return [text for text in (given.subject, given.message, given.body, given.media, given.url) if text]
        named = await self._named(step)
        return [str(text) for fields in (named.texts.values() if named else ()) for text in fields.values()]

    async def of_step(self, step: Send) -> float:
        """Credits of one message: of an SMS by the parts of its text as it is written."""
        channel = Channel(step.channel)
        if channel is Channel.EMAIL:
            return self.prices.of(channel, "")
        units, category = 1, None
        if channel is Channel.SMS:
            units = count_segments(await self._sms(step)).parts
        else:
            category = "marketing" if step.content and step.content.template else "service"
        each = [self.prices.of(channel, number, units, category) for number in self.numbers or ("",)]
        return sum(each) / len(each)

    async def _sms(self, step: Send) -> str:
        if step.content is not None:
            return step.content.message or step.content.body or ""
        named = await self._named(step)
        return _body(named.texts.get(named.default_language, {}).items()) if named else ""

    async def _named(self, step: Send) -> NamedTemplate | None:
        place = step.channel, step.template or ""
        if place not in self._read:
            try:
                use = TemplateUse(step.template or "")
                found = await self.templates.read(self.account_id, Channel(step.channel), use, archived=True)
            except InvalidError:  # it cannot be sent any more
                found = None
            self._read[place] = found
        return self._read[place]


def _body(fields: Iterable[tuple[str, object]]) -> str:
    named: Mapping[str, object] = dict(fields)
    return str(named.get("message") or named.get("body") or "")
