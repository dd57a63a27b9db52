"""Phones of a gateway, as the core sees them: made in the database, without a door."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.devices.messages import HandedOut, Offer, Report, Reported, Session
from services.devices.handing import hand_out
from services.devices.reporting import report
from services.receipts import PostPart, start_receipts
from store.gateways.gateway_queries import ids_named
from store.pool import Pool
from tests.looks import Looks
from tests.stack import Stack, User


@dataclass(frozen=True)
class Phone:
    """A device with a session."""

    stack: Stack
    session: Session

    async def pull(self, limit: int = 50) -> list[Offer]:
        """What it gets now."""
        return list((await self.ask(limit)).offers.get(self.session.device_id, []))

    async def ask(self, limit: int = 50) -> HandedOut:
        """The whole answer."""
        return await hand_out(self.stack.pool, [self.session], limit)

    async def pulled(self, count: int = 1) -> list[Offer]:
        """Ask until that many have come."""
        offers: list[Offer] = []
        async with asyncio.timeout(20):
            looks = Looks()
            while len(offers) < count:
                offers += await self.pull()
                await looks.pause()
        return offers

    async def say(self, offer: Offer, *statuses: str, **more: Any) -> Reported:
        """Report these statuses of a message, one after the other in one request."""
        told = [Report(offer.uid, offer.attempt, status, **more) for status in statuses]  # type: ignore[arg-type]
        reported = await self.tell(told)
        assert reported is not None
        return reported

    async def tell(self, told: list[Report]) -> Reported | None:
        """Report in one request."""
        return await report(self.stack.pool, self._start, self.session, told)

    async def _start(self, part: PostPart) -> None:
        await start_receipts(self.stack.temporal, [part])


@dataclass
class PhoneGateway:
    """A gateway of type ``android`` with phones."""

    stack: Stack
    identifier: str
    id: UUID
    account_id: int
    phones: list[Phone] = field(default_factory=list)

    async def phone(self, sims: int = 1, **sim: Any) -> Phone:
        """One more phone, online; ``sim``: columns of its SIMs."""
        device_id, digest = UUID(bytes=secrets.token_bytes(16), version=4), secrets.token_bytes(32)
        async with self.stack.pool.connection() as conn:
            await conn.execute(
                """insert into devices (id, account_id, gateway_id, protocol, name, session, seen_at)
                   values (%s, %s, %s, 'xsender', %s, %s, clock_timestamp())""",
                (device_id, self.account_id, self.id, f"phone {len(self.phones) + 1}", digest),
            )
            for slot in range(sims):
                columns = {"device_id": device_id, "uid": f"sim-{slot + 1}", "slot": slot, **sim}
                names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
                await conn.execute(
                    f"insert into device_sims ({names}) values ({places})",  # type: ignore[arg-type]
                    tuple(columns.values()),
                )
        session = Session(device_id, self.id, self.account_id, "xsender", "phone", digest)
        self.phones.append(Phone(self.stack, session))
        return self.phones[-1]

    async def waiting(self, count: int) -> None:
        """Until that many messages wait for a phone."""
        await eventually(self.stack.pool, lambda rows: rows[0][0] >= count, _WAITING, (self.id,))


_WAITING = "select count(*) from device_messages where gateway_id = %s and state = 'waiting'"


async def phone_gateway(stack: Stack, user: User, **config: object) -> PhoneGateway:
    """A gateway without phones."""
    identifier = await stack.gateway(user.id, "sms", "android", config)
    (gateway_id,) = await ids_named(stack.pool, identifier)
    return PhoneGateway(stack, identifier, gateway_id, user.id)


async def eventually(
    pool: Pool, holds: Callable[[list[Any]], bool], query: str, values: tuple[Any, ...], within: float = 20.0
) -> list[Any]:
    """Until rows are as wanted; returns them."""
    async with asyncio.timeout(within):
        looks = Looks()
        while True:
            async with pool.connection() as conn:
                rows = await (await conn.execute(query, values)).fetchall()  # type: ignore[arg-type]
            if holds(rows):
                return rows
            await looks.pause()


async def move_back(pool: Pool, table: str, column: str, where: str, by: timedelta, *values: Any) -> None:
    """Have something have happened earlier."""
    async with pool.connection() as conn:
        await conn.execute(f"update {table} set {column} = {column} - %s where {where}", (by, *values))  # type: ignore[arg-type]
