"""``xsender gateway health``, ``pause``, ``drain``, ``resume`` and ``test``."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.gateway_lookup import OnChannel, Which, find
from cli.options import AsJson, OwnerOption
from cli.output import emit
from cli.session import Session, run, run_change
from domain.channels import Channel

if TYPE_CHECKING:
    from domain.messages.routing import Mode
    from services.changes import Change
    from services.gateway_trial import Trial
    from store.gateways.gateway_health import GatewayHealth
    from store.gateways.gateways import GatewayInfo


def health(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Show a gateway's health: its breaker, outcomes of messages, its last success and receipt."""
    from store.gateways.gateway_health import health

    async def work(session: Session) -> "GatewayHealth":
        return await health(session.pool, await find(session.pool, gateway, channel, owner))

    emit(run(work), as_json)


def pause(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Send nothing more through a gateway. Messages use another one, or wait until it is resumed."""
    from domain.messages.routing import Mode

    _set_mode(Mode.PAUSED, gateway, channel, owner, as_json)


def drain(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Let a gateway complete messages in progress, and take no new ones. Others wait as for a paused one."""
    from domain.messages.routing import Mode

    _set_mode(Mode.DRAINING, gateway, channel, owner, as_json)


def resume(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Resume a gateway that was paused or drained."""
    from domain.messages.routing import Mode

    _set_mode(Mode.ACTIVE, gateway, channel, owner, as_json)


def _set_mode(mode: "Mode", gateway: str, channel: Channel | None, owner: int, as_json: bool) -> None:
    from services.gateways import MODE_ACTIONS, set_mode

    async def work(made: "Change") -> "GatewayInfo":
        return await set_mode(made, await find(made.store, gateway, channel, owner), mode)

    emit(run_change(MODE_ACTIONS[mode], work), as_json)


def send_test(
    gateway: Which,
    to: Annotated[str, typer.Option("--to", help="A phone number with country code, or an email address.")],
    channel: OnChannel = None,
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Send one real test message, and print the gateway's answer. The exit code is 1 unless it was accepted."""
    from services.gateway_trial import try_gateway
    from services.settings.current import read_current

    async def work(session: Session) -> "Trial":
        gateway_id = await find(session.pool, gateway, channel, owner)
        region = (await read_current(session.pool, session.settings.for_install)).default_region
        return await try_gateway(session.pool, session.keyring, gateway_id, to, region)

    trial = run(work)
    emit(trial, as_json)
    if trial.outcome != "accepted":
        raise typer.Exit(1)
