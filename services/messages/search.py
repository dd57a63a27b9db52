"""Finding messages: filters as people write them, for the API and the CLI."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.access.user_scopes import Rights
from domain.channels import Channel
from domain.errors import InvalidError
from domain.messages.statuses import State
from store.gateways.gateway_queries import ids_named
from store.messages.search import failures, walks
from store.messages.search.failures import Causes
from store.messages.search.filters import FAILURES, Filter
from store.messages.search.walks import Listed
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Search:
    """Filters as they are given; ``None`` and empty ones do not count, all others apply."""

    user: int | None = None
    """0: the admin's own messages."""
    uid: UUID | None = None
    recipient: str | None = None
    states: Sequence[str] = ()
    """Any of them; one text may have several, separated by commas."""
    gateway: str | None = None
    """Id or identifier."""
    code: str | None = None
    channel: Channel | None = None
    batch: UUID | None = None
    after: datetime | None = None
    before: datetime | None = None
    region: str | None = None
    """Where numbers without a country code are dialled."""
    rights: Rights = field(default_factory=lambda: Rights.of(()))
    """Of the key that searches: of one that is narrowed only messages on its channels are found, and those that its
    gateways had last.
    """
    tests: bool = False
    """Only messages of test keys."""
    automation: str | None = None
    """Key of the automation that sent them."""
    step: str | None = None
    """The step of it."""
    lead_source: str | None = None
    """Key of the source of the leads that they answer."""


async def found_by(pool: Connections, search: Search) -> Filter:
    """The filter of a search.

    Raises:
        InvalidError: there is no such state.
    """
    return Filter(
        account_id=search.user,
        uid=search.uid,
        recipient=None if search.recipient is None else _stored(search.recipient, search.region),
        states=_states(search.states),
        gateways=await _gateways(pool, search),
        code=search.code,
        channels=[search.channel] if search.channel else sorted(search.rights.channels) or None,
        batch=search.batch,
        after=search.after,
        before=search.before,
        tests=search.tests,
        automation=search.automation,
        step=search.step,
        lead_source=search.lead_source,
    )


async def _gateways(pool: Connections, search: Search) -> Sequence[UUID] | None:
    named = None if search.gateway is None else await ids_named(pool, search.gateway)
    if search.tests or not search.rights.gateways:  # what a test key sends goes to the sandbox, whatever it names
        return named
    allowed = {UUID(each) for each in search.rights.gateways}
    return sorted(allowed if named is None else allowed & set(named))


async def listed(pool: Connections, search: Search, limit: int) -> list[Listed]:
    """The newest messages of a search, however many must be read for it.

    Raises:
        InvalidError: there is no such state.
    """
    wanted = await found_by(pool, search)
    found = await walks.page(pool, wanted, None, limit)
    messages = found.messages
    while found.stopped is not None and len(messages) < limit:
        found = await walks.page(pool, wanted, found.stopped, limit - len(messages))
        messages += found.messages
    return messages


async def find_causes(
    pool: Connections, search: Search, after: datetime | None, before: datetime | None, limit: int
) -> Causes:
    """Failures by cause; of the last day if no time is given. What was cancelled is none, unless it is searched for.

    Raises:
        InvalidError: there is no such state.
    """
    since, until = failed_within(after, before)
    wanted = await found_by(pool, search)
    states = wanted.states or sorted(FAILURES - {State.CANCELLED})
    return await failures.causes(pool, replace(wanted, states=states), since, until, limit)


def failed_within(after: datetime | None, before: datetime | None) -> tuple[datetime, datetime]:
    """The time of failures: what is left out means the last day."""
    until = before or datetime.now(UTC)
    return after or max(until, _EARLIEST + _WINDOW) - _WINDOW, until


_WINDOW = timedelta(days=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def _states(texts: Sequence[str]) -> list[State]:
    words = {word.strip() for text in texts for word in text.split(",")}
    if unknown := sorted(words - set(State)):
        message = f"there is no state {', '.join(map(repr, unknown))}: the states are {', '.join(State)}"
        raise InvalidError("state_unknown", message, "/state")
    return sorted(map(State, words))


def _stored(text: str, region: str | None) -> str:
    """A recipient as it is stored, if it can be read as one. A plus sign arrives as a space in many query strings."""
    from domain.recipients import InvalidRecipient, normalise_email, normalise_number

    plus = "+" if text[:1] == " " and text.strip()[:1].isdigit() else ""
    given = plus + text.strip()
    try:
        return normalise_email(given) if "@" in given else normalise_number(given, region)
    except InvalidRecipient:
        return given
