"""Which messages phones get: those that they have and did not report, then new ones."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from domain.devices.choosing import Sim, Spread, assign
from domain.devices.messages import HandedOut, Offer, Session
from store.devices import handing
from store.pool import Pool

LONGEST_WAIT = 25.0
"""Seconds after which it helps to ask again in any case."""
_LOOK_AGAIN = 5.0
"""Seconds between two tries at messages that no SIM of these phones may send now, for a reason without a known end."""
_random = secrets.SystemRandom().uniform


async def hand_out(pool: Pool, sessions: Sequence[Session], limit: int, sim: str | None = None) -> HandedOut:
    """Give messages to phones, at most ``limit`` to each; ``sim``: new ones only to the SIMs with this uid.

    A message that a phone has is offered to it again until it reports its end: it is never given to another phone
    that might send it too. What is new goes to the SIM that has sent least, within the caps and gaps of the SIMs.
    """
    found = await handing.look(pool, sessions)
    active = [one for one in sessions if one.device_id in found.active]
    offers: dict[UUID, list[Offer]] = {}
    if found.again and active:
        offers = await handing.offer_again(pool, [one.device_id for one in active], limit * len(active))
    wait, rests, full = LONGEST_WAIT, dict[UUID, float](), set[UUID]()
    if found.waiting:
        for own in _by_gateway(active):
            fresh, again_in, sims = await _hand_new(pool, own, limit, sim)
            wait = min(wait, again_in)
            rests |= _rests(sims)
            full |= {one.device_id for one in sims if one.is_full}
            for device_id, more in fresh.items():
                offers.setdefault(device_id, []).extend(more)
    ended = frozenset(one.device_id for one in sessions) - found.active
    return HandedOut(offers, wait, ended, rests, frozenset(full))


def _by_gateway(sessions: Sequence[Session]) -> Sequence[list[Session]]:
    found: dict[UUID, list[Session]] = {}
    for session in sessions:
        found.setdefault(session.gateway_id, []).append(session)
    return list(found.values())


async def _hand_new(
    pool: Pool, sessions: Sequence[Session], limit: int, only: str | None
) -> tuple[dict[UUID, list[Offer]], float, Sequence[Sim]]:
    """New messages for phones of one gateway, the seconds after which there may be more, and their SIMs."""
    gateway_id = sessions[0].gateway_id
    async with pool.connection() as conn, conn.transaction():
        active = await handing.hold_sessions(conn, sessions)
        sims = await handing.sims_of(conn, list(active), only)
        able = [one for one in sims if one.free_at <= 0 and one.parts_left > 0 and not one.is_full]
        if not able:
            return {}, _next_free(sims), sims
        most = min(handing.AT_A_TIME, limit * len({one.device_id for one in able}))
        messages = await handing.waiting(conn, gateway_id, _countries(able), most)
        if not messages:
            return {}, _LOOK_AGAIN, sims
        spread = Spread(await handing.groups(conn, gateway_id), await handing.count_waiting(conn, gateway_id))
        strict = [one for one in able if one.unique_left < float("inf")]
        recipients = [one.recipient for one in messages]
        known = await handing.known_recipients(conn, strict, recipients) if strict else set()
        chosen = assign(able, messages, limit, spread, lambda sim, who: (sim.device_id, sim.uid, who) in known, _random)
        offers = await handing.hand(conn, chosen, sims)
    if len(chosen) == len(messages) == most:
        return offers, 0.0, sims
    return offers, _next_free(sims), sims


def _countries(sims: Sequence[Sim]) -> list[str] | None:
    """The only countries that any of these SIMs sends to; ``None``: one of them sends to all."""
    if any(not one.countries for one in sims):
        return None
    return sorted(frozenset().union(*(one.countries for one in sims)))


def _next_free(sims: Sequence[Sim]) -> float:
    """Seconds until a SIM may send again."""
    ahead = [max(one.free_at, one.gap_chosen) for one in sims if max(one.free_at, one.gap_chosen) > 0]
    return min((*ahead, _LOOK_AGAIN), default=_LOOK_AGAIN)


def _rests(sims: Sequence[Sim]) -> dict[UUID, float]:
    """Seconds until a SIM may send again, of each device of which none may now."""
    found: dict[UUID, float] = {}
    for one in sims:
        rest = max(one.free_at, one.gap_chosen, _LOOK_AGAIN if one.parts_left <= 0 or one.is_full else 0.0)
        found[one.device_id] = min(rest, found.get(one.device_id, rest))
    return {device_id: rest for device_id, rest in found.items() if rest > 0}
