"""Rules for the SIM cards of devices: what phones say of them, and what owners type, which phones never overwrite."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.devices.presets import preset_of
from domain.devices.sims import CAPS, MOST_SIMS, Card, Sim, country, is_same_card, known_number, next_uid
from domain.errors import ConflictError, InvalidError, NotFoundError
from store.devices import sims
from store.devices.pokes import poke_devices
from store.pool import Connections


async def note_cards(store: Connections, device_id: UUID, cards: Sequence[Card]) -> None:
    """Note which cards a phone has. One that changed is another SIM, with the caps of its slot but nothing sent yet;
    one that was in this slot before is that again.

    Without any, what is known stays: a phone may not be allowed to read them.
    """
    known = await sims.of_device(store, device_id, removed=True)
    if not cards:
        if not any(sim.is_in for sim in known):
            await sims.put(store, device_id, Sim(next_uid(known), 0))
        return
    given = {card.slot: card for card in cards}
    present = {sim.slot: sim for sim in known if sim.is_in}
    for slot, sim in present.items():
        if slot not in given or not is_same_card(sim, given[slot]):
            await sims.put(store, device_id, replace(sim, deleted_at=datetime.now(UTC)))
    used = list(known)
    for slot, card in given.items():
        before = present.get(slot)
        if before is None or not is_same_card(before, card):
            used.append(sim := _former(known, card) or _new(used, card, before))
        else:
            sim = before
        await sims.put(store, device_id, _with_facts(sim, card))


async def add(store: Connections, device_id: UUID, card: Card, values: Mapping[str, Any]) -> Sim:
    """Add a SIM of which a phone tells.

    Raises:
        ConflictError: the slot has one, or the device has had too many.
        InvalidError: the values make no sense.
    """
    known = await sims.of_device(store, device_id, removed=True)
    if any(sim.is_in and sim.slot == card.slot for sim in known):
        raise ConflictError("sim_slot_taken", f"slot {card.slot} has a SIM: delete that, or change it")
    if len(known) >= MOST_SIMS:
        raise ConflictError("too_many_sims", f"a device has had at most {MOST_SIMS} SIMs")
    sim = replace(_with_facts(_former(known, card) or Sim(next_uid(known), card.slot), card), **values)
    sim = _checked(replace(sim, country=country(sim.number)))
    await _put(store, device_id, sim)
    return sim


async def find(store: Connections, device_id: UUID, uid: str) -> Sim:
    """A SIM that is in the device.

    Raises:
        NotFoundError: it has none of this name.
    """
    for sim in await sims.of_device(store, device_id):
        if sim.uid == uid:
            return sim
    raise NotFoundError("sim_not_found", f"this device has no SIM {uid!r}")


async def alter(store: Connections, device_id: UUID, uid: str, values: Mapping[str, Any]) -> Sim:
    """Change label, number, caps, countries, or whether it is enabled. A SIM that is enabled again rests no longer.

    Raises:
        NotFoundError: the device has no such SIM.
        InvalidError: the values make no sense.
    """
    before = await find(store, device_id, uid)
    after = replace(before, **values)
    if after.number != before.number:
        after = replace(after, country=country(after.number))
    after = _checked(after)
    await _put(store, device_id, after)
    if values.get("enabled"):
        await sims.end_rest(store, device_id, uid)
    return after


async def remove(store: Connections, device_id: UUID, uid: str) -> None:
    """Delete a SIM. It comes back, as it was, if the phone says that it still has it.

    Raises:
        NotFoundError: the device has no such SIM.
    """
    await _put(store, device_id, replace(await find(store, device_id, uid), deleted_at=datetime.now(UTC)))


async def _put(store: Connections, device_id: UUID, sim: Sim) -> None:
    """Whoever waits for messages for the device asks again: it may be able to send other ones now."""
    await sims.put(store, device_id, sim)
    async with store.connection() as conn:
        await poke_devices(conn, [device_id])


def _former(known: Sequence[Sim], card: Card) -> Sim | None:
    """The newest one of this slot that was taken out, and is the same card for certain."""
    if card.iccid_end is None:
        return None
    same = (sim for sim in known if not sim.is_in and (sim.slot, sim.iccid_end) == (card.slot, card.iccid_end))
    return next((replace(sim, deleted_at=None) for sim in same), None)


def _new(known: Sequence[Sim], card: Card, before: Sim | None) -> Sim:
    sim = Sim(next_uid(known), card.slot)
    if before is None:
        return sim
    return replace(sim, preset=before.preset, **{name: getattr(before, name) for name in CAPS})


def _with_facts(sim: Sim, card: Card) -> Sim:
    """The SIM with what its phone says: the carrier always, label and number unless they are known."""
    number = sim.number or known_number(card.number)
    return replace(
        sim,
        label=sim.label or card.label,
        number=number,
        carrier=card.carrier or sim.carrier,
        iccid_end=card.iccid_end or sim.iccid_end,
        country=sim.country or country(number),
    )


def _checked(sim: Sim) -> Sim:
    if sim.gap_min > sim.gap_max:
        raise InvalidError("sim_gap", "the shortest gap is longer than the longest one", "/gap_min")
    return replace(sim, preset=preset_of(sim))
