"""Whom a campaign is for, as one condition."""

from collections.abc import Sequence

from domain.audience.conditions.tree import MAX_ITEMS, All, Any_, Condition, Field, Group, Not, Op, Tag
from services.audience.campaigns.models import Audience, Whom
from services.audience.segments.rules import find, read_condition
from store.pool import Connections

_EVERYONE = Field("contact.created_at", Op.EXISTS)


async def condition_of(store: Connections, account_id: int, audience: Audience) -> Condition:
    """The condition that an audience's contacts meet now.

    Raises:
        NotFoundError: it names a segment that there is not.
    """
    included = _EVERYONE if audience.everyone else _any(await _named(store, account_id, audience))
    if audience.exclude.is_empty:
        return included
    return All((included, Not(_any(await _named(store, account_id, audience.exclude)))))


async def _named(store: Connections, account_id: int, whom: Whom) -> list[Condition]:
    named: list[Condition] = [Group(key) for key in whom.groups]
    named += [Tag(tag) for tag in whom.tags]
    for key in whom.segments:
        named.append(read_condition((await find(store, account_id, key=key)).condition))
    return named


def _any(conditions: Sequence[Condition]) -> Condition:
    if len(conditions) <= MAX_ITEMS:
        return Any_(tuple(conditions))
    return Any_((Any_(tuple(conditions[:MAX_ITEMS])), _any(conditions[MAX_ITEMS:])))
