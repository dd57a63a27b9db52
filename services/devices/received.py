"""Takes messages that phones received, from all doors."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from domain.channels import Channel
from domain.devices.messages import Session
from domain.devices.received import MMS_ANNOUNCED, Received, as_inbound
from domain.messages.receipts import Inbound
from services.receipts import parts_of, start_receipts
from store.devices import sims
from store.pool import Pool

TEXT_COMES_WITHIN = timedelta(minutes=15)
"""How long an announced MMS waits for its text: with that it is one message."""


async def take_received(pool: Pool, client: Client, session: Session, received: Sequence[Received]) -> None:
    """Have them processed; they are durable once this returns. A repeat changes nothing.

    Raises:
        RPCError: Temporal does not answer; the phone is to post them again.
    """
    own, now = await sims.of_device(pool, session.device_id), datetime.now(UTC)
    inbound = [as_inbound(one, session.device_id, own, now) for one in received]
    announced = [one for one in inbound if one.kind == MMS_ANNOUNCED]
    await _start(client, session, [one for one in inbound if one.kind != MMS_ANNOUNCED], None)
    await _start(client, session, announced, TEXT_COMES_WITHIN)


async def _start(client: Client, session: Session, inbound: Sequence[Inbound], after: timedelta | None) -> None:
    raw = hashlib.sha256("\n".join(sorted(one.key for one in inbound)).encode()).digest()
    for part in parts_of(Channel.SMS, [str(session.gateway_id)], inbound, session.device_id.bytes + raw):
        await start_receipts(client, [part], after)
