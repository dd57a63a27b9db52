"""SIM cards of devices. Whoever changes them has locked the device's row, so that they change one after the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from psycopg.rows import class_row, dict_row

from domain.devices.sims import Sim
from store.pool import Connections

_COLUMNS = """s.uid, s.slot, s.label, s.number, s.carrier, s.iccid_end, s.country, s.countries, s.enabled, s.preset,
    s.per_minute, s.per_hour, s.per_day, s.unique_per_month, s.gap_min, s.gap_max, s.deleted_at"""


async def of_device(store: Connections, device_id: UUID, *, removed: bool = False) -> Sequence[Sim]:
    """Those of a device, in the order of their slots; ``removed``: with those that were taken out, which come last."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Sim)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from device_sims s where s.device_id = %s and (%s or s.deleted_at is null)
                order by s.deleted_at is not null, s.slot, s.deleted_at desc""",  # noqa: S608 - a constant
            (device_id, removed),
        )
        return await cursor.fetchall()


async def of_devices(store: Connections, device_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Sim]]:
    """Those of several, without the ones that were taken out."""
    found: dict[UUID, list[Sim]] = {device_id: [] for device_id in device_ids}
    async with store.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"""select s.device_id, {_COLUMNS} from device_sims s
                where s.device_id = any(%s) and s.deleted_at is null order by s.slot""",  # noqa: S608 - a constant
            (list(device_ids),),
        )
        for row in await cursor.fetchall():
            found[row.pop("device_id")].append(Sim(**row))
    return found


async def put(store: Connections, device_id: UUID, sim: Sim) -> None:
    """Add a SIM, or change all that people and phones say of it; what it has sent, and its rest, stay."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into device_sims as s
                   (device_id, uid, slot, label, number, carrier, iccid_end, country, countries, enabled, preset,
                    per_minute, per_hour, per_day, unique_per_month, gap_min, gap_max, deleted_at)
               values (%(device_id)s, %(uid)s, %(slot)s, %(label)s, %(number)s, %(carrier)s, %(iccid_end)s, %(country)s,
                    %(countries)s, %(enabled)s, %(preset)s, %(per_minute)s, %(per_hour)s, %(per_day)s,
                    %(unique_per_month)s, %(gap_min)s, %(gap_max)s, %(deleted_at)s)
               on conflict (device_id, uid) do update set
                   slot = excluded.slot, label = excluded.label, number = excluded.number, carrier = excluded.carrier,
                   iccid_end = excluded.iccid_end, country = excluded.country, countries = excluded.countries,
                   enabled = excluded.enabled, preset = excluded.preset, per_minute = excluded.per_minute,
                   per_hour = excluded.per_hour, per_day = excluded.per_day,
                   unique_per_month = excluded.unique_per_month, gap_min = excluded.gap_min,
                   gap_max = excluded.gap_max, deleted_at = excluded.deleted_at""",
            asdict(sim) | {"device_id": device_id, "countries": list(sim.countries)},
        )


async def end_rest(store: Connections, device_id: UUID, uid: str) -> None:
    """Have a SIM that rests after faults send again."""
    async with store.connection() as conn:
        await conn.execute(
            """update device_sims set cooling_until = null, cooling_code = null, failures = 0
               where device_id = %s and uid = %s""",
            (device_id, uid),
        )
