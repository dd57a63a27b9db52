"""``xsender gateway test``: one real message through one gateway, outside of any account's record and credit."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.gateway_lookup import find
from cli.options import AsJson, ChannelOption, OwnerOption
from cli.output import emit
from cli.session import Session, run
from domain.channels import Channel
from domain.errors import InvalidError

if TYPE_CHECKING:
    from domain.outbound import Outbound

_SUBJECT = "Test message"
_BODY = "This is a test message of xsender: the gateway works."


def send_test(
    gateway: Annotated[str, typer.Argument(metavar="GATEWAY", help="Its identifier or id.")],
    channel: ChannelOption,
    to: Annotated[str, typer.Option("--to", help="A phone number with country code, or an email address.")],
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Really send one test message, and print the gateway's answer. The exit code is 1 unless it took the message."""

    async def work(session: Session) -> dict[str, Any]:
        message = _message(channel, to, session.settings.default_region)
        return await _send(session, await find(session.pool, gateway, channel, owner), message)

    outcome = run(work)
    emit(outcome, as_json)
    if outcome["outcome"] != "accepted":
        raise typer.Exit(1)


def _message(channel: Channel, to: str, region: str | None) -> "Outbound":
    from domain.ids import new_page_id
    from domain.outbound import Outbound
    from domain.recipients import normalise_email, normalise_number

    uid = new_page_id()
    if channel is Channel.EMAIL:
        return Outbound(uid, channel, normalise_email(to), str(uid), _BODY, _SUBJECT, f"<p>{_BODY}</p>")
    return Outbound(uid, channel, normalise_number(to, region), str(uid), _BODY)


async def _send(session: Session, gateway_id: UUID, message: "Outbound") -> dict[str, Any]:
    from gateways.base import Outside
    from gateways.registry import build, parse_config
    from store.gateways import load
    from store.sandbox_inbox import SandboxInbox

    stored = await load(session.pool, session.keyring, gateway_id)
    if stored.channel != message.channel:
        raise InvalidError(
            "channel", f"The gateway {stored.identifier} carries {stored.channel}, not {message.channel}."
        )
    outside = Outside.open(SandboxInbox(session.pool))
    gateway = build(stored.type, parse_config(stored.type, message.channel, stored.config), outside)
    try:
        answer = asdict(await gateway.send(message))
    finally:
        await gateway.aclose()
        await outside.aclose()
    return {"uid": str(message.uid), "to": message.to, "outcome": answer.pop("kind"), **answer}
