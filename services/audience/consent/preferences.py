"""What a person wants to get of an account, as the page behind our links shows and changes it.

An account without purposes of its own knows only all or nothing: there a refusal is a suppression, as it was before
there were purposes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.purposes import EVERYTHING, Purpose, with_built_in
from store.audience import suppressions
from store.audience.consent import consents, people, purposes
from store.audience.consent.people import Person
from store.messages import engagement
from store.pool import Connections

PAUSE = timedelta(days=30)
UNSUBSCRIBED = "unsubscribed"
_PAUSED = "paused"

Choice = tuple[str, str]
"""A purpose and a channel."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a choice comes from."""

    source: str
    ip: str | None
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person wants now."""

    person: Person
    language: str | None
    """The contact's; ``None``: not known."""
    addresses: Mapping[str, str]
    """By channel, those of the same person, the one of the link first."""
    topics: list[Purpose] = field(default_factory=list)
    """Those to choose from; none: the account has none of its own."""
    wanted: frozenset[Choice] = frozenset()
    gets_nothing: bool = False
    """Whether the address of the link is suppressed by the person's own wish."""
    paused_until: datetime | None = None

    def offers(self, purpose: Purpose, channel: str) -> bool:
        """Whether there is something to choose."""
        return channel in purpose.channels and channel in self.addresses


async def read(store: Connections, person: Person) -> Preferences:
    """What a person wants now."""
    account_id = person.account_id
    known = await people.contact(store, account_id, person.channel, person.recipient)
    addresses = {person.channel: person.recipient, **(known.addresses if known else {})}
    addresses[person.channel] = person.recipient
    language = known.language if known else None
    held_back = await suppressions.of_addresses(store, account_id, addresses)
    own = held_back.get(person.channel)
    refused = own is not None and own.until is None
    topics = await _topics(store, account_id)
    if not topics:
        until = own.until if own and own.reason == _PAUSED else None
        return Preferences(person, language, addresses, gets_nothing=refused, paused_until=until)
    wanted: set[Choice] = set()
    for channel, address in addresses.items():
        now = {one.purpose: one.state for one in await consents.current(store, account_id, channel, address)}
        if channel not in held_back or held_back[channel].until is not None:
            wanted |= {(topic.key, channel) for topic in topics if channel in topic.channels and _gets(topic, now)}
    until = await consents.paused_until(store, account_id, person.channel, person.recipient)
    return Preferences(person, language, addresses, topics, frozenset(wanted), refused, until)


def _gets(topic: Purpose, now: Mapping[str, str]) -> bool:
    state = now.get(topic.key)
    if state in (None, ConsentState.PENDING):
        state = now.get(EVERYTHING)
    return state == ConsentState.GRANTED or (state is None and topic.default == "opt_out")


async def _topics(store: Connections, account_id: int) -> list[Purpose]:
    own = await purposes.of_account(store, account_id)
    return [purpose for purpose in with_built_in(own) if purpose.public and not purpose.transactional] if own else []


async def choose(store: Connections, person: Person, chosen: Collection[Choice], origin: Origin) -> None:
    """Get these, and no others of those that the page shows. In a transaction."""
    before = await read(store, person)
    new: list[NewConsent] = []
    for topic in before.topics:
        for channel, address in before.addresses.items():
            is_wanted = (topic.key, channel) in chosen
            if before.offers(topic, channel) and is_wanted != ((topic.key, channel) in before.wanted):
                state = ConsentState.GRANTED if is_wanted else ConsentState.WITHDRAWN
                new.append(_choice(person, channel, address, topic.key, state, origin, topic.name))
    if new:
        await consents.record(store, person.account_id, new)
    for channel in {channel for _, channel in chosen} & before.addresses.keys():
        await suppressions.end_own(store, person.account_id, channel, before.addresses[channel], (UNSUBSCRIBED,))


async def pause(store: Connections, person: Person) -> None:
    """Get nothing but transactional messages for 30 days; nothing at all where there are no purposes."""
    before = await read(store, person)
    for channel, address in before.addresses.items():
        if before.topics:
            await consents.pause(store, person.account_id, channel, address, PAUSE)
        else:
            await suppressions.suppress_for(store, person.account_id, channel, address, _PAUSED, PAUSE, person.uid)


async def resume(store: Connections, person: Person) -> None:
    """End a pause; where there are no purposes, end the person's own refusal as well."""
    before = await read(store, person)
    for channel, address in before.addresses.items():
        await consents.end_pause(store, person.account_id, channel, address)
        ended = (_PAUSED,) if before.topics else (_PAUSED, UNSUBSCRIBED)
        await suppressions.end_own(store, person.account_id, channel, address, ended)


async def refuse_all(store: Connections, person: Person, origin: Origin) -> None:
    """Get nothing more but transactional messages; nothing at all where there are no purposes."""
    before = await read(store, person)
    if before.topics:
        new = [
            _choice(person, channel, address, EVERYTHING, ConsentState.WITHDRAWN, origin)
            for channel, address in before.addresses.items()
        ]
        await consents.record(store, person.account_id, new)
    else:
        for channel, address in before.addresses.items():
            await suppressions.suppress_for(store, person.account_id, channel, address, UNSUBSCRIBED, None, person.uid)
    await _note(store, person)


async def unsubscribe(store: Connections, person: Person, origin: Origin) -> None:
    """Get no more of what the message of the link was for. In a transaction."""
    account_id = person.account_id
    if person.purpose and await purposes.of_account(store, account_id):
        state = ConsentState.WITHDRAWN
        new = _choice(person, person.channel, person.recipient, person.purpose, state, origin)
        await consents.record(store, account_id, [new])
    else:
        args = (account_id, person.channel, person.recipient, UNSUBSCRIBED, None, person.uid)
        await suppressions.suppress_for(store, *args)
    await _note(store, person)


async def _note(store: Connections, person: Person) -> None:
    if person.uid is not None and person.channel == "email":
        await engagement.unsubscribed(store, person.uid)


def _choice(
    person: Person,
    channel: str,
    address: str,
    purpose: str,
    state: ConsentState,
    origin: Origin,
    text_shown: str | None = None,
) -> NewConsent:
    proof: dict[str, Any] = {"user_agent": origin.user_agent[:200]}
    if person.uid is not None:
        proof["uid"] = str(person.uid)
    return NewConsent(channel, address, purpose, state, origin.source, text_shown=text_shown, ip=origin.ip, proof=proof)
