"""``xsender callback``: users' endpoints for events of their messages."""

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.options import AsJson, OwnerOption, owner_id, uuid, words
from cli.output import emit
from cli.session import Session, run, temporal
from domain.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from store.callbacks.callback_deliveries import Listed
    from store.callbacks.callback_endpoints import Endpoint

app = typer.Typer(help="Status callbacks to users' endpoints.", no_args_is_help=True)

Which = Annotated[
    str, typer.Argument(metavar="CALLBACK", help="The endpoint's id, as 'xsender callback list' shows it.")
]


@app.command("list")
def list_callbacks(
    owner: Annotated[
        int | None, typer.Option("--owner", parser=owner_id, metavar="USER_ID", help="0 is the admin; all if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List endpoints, without their secrets."""
    from store.callbacks.callback_endpoints import list_endpoints

    emit(run(lambda session: list_endpoints(session.pool, owner)), as_json)


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL")],
    owner: OwnerOption = 0,
    events: Annotated[str | None, typer.Option("--events", help="E.g. message.sent,message.failed; or all.")] = None,
    description: Annotated[str, typer.Option("--description")] = "",
    allow_private_network: Annotated[
        bool, typer.Option("--allow-private-network", help="Allow an address in a private network.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint and print its secret. It cannot be shown again."""
    from uuid import uuid4

    from pydantic import TypeAdapter

    from gateways.callback import CallbackUrl
    from store.callbacks.callback_endpoints import NewEndpoint
    from store.callbacks.callback_endpoints import add as add_endpoint

    TypeAdapter(CallbackUrl).validate_python(url)
    wanted = None if events is None else _events(words(events))
    new = NewEndpoint(uuid4(), owner, url, wanted, description, allow_private_network)
    secret = run(lambda session: add_endpoint(session.pool, session.keyring, new))
    emit({"id": new.id, "user_id": owner or None, "url": url, "secret": secret}, as_json)


@app.command()
def remove(callback: Which, as_json: AsJson = False) -> None:
    """Remove an endpoint and its pending deliveries."""
    from store.callbacks.callback_endpoints import remove as remove_endpoint

    endpoint_id = uuid(callback, "CALLBACK")

    async def work(session: Session) -> None:
        if not await remove_endpoint(session.pool, endpoint_id):
            raise _unknown(endpoint_id)

    run(work)
    emit({"id": endpoint_id, "removed": True}, as_json)


@app.command()
def deliveries(
    callback: Which,
    state: Annotated[Literal["pending", "delivered", "failed"] | None, typer.Option("--state")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List an endpoint's deliveries, newest first."""
    from store.callbacks.callback_deliveries import listed

    endpoint_id = uuid(callback, "CALLBACK")

    async def work(session: Session) -> list[dict[str, Any]]:
        await _find(session, endpoint_id)
        return [_row(delivery) for delivery in await listed(session.pool, endpoint_id, state, None, limit)]

    emit(run(work), as_json)


@app.command()
def replay(
    callback: Which,
    delivery: Annotated[str | None, typer.Option("--delivery", metavar="ID", help="Only this one.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Those that failed, of events since then (UTC).")] = None,
    as_json: AsJson = False,
) -> None:
    """Repeat deliveries: one, or those that failed."""
    from services.callbacks import wake
    from workflows.policy import CALLBACK_QUEUE

    if (delivery is None) == (since is None):
        raise InvalidError("replay", "Choose what to repeat: either --delivery ID or --since TIME.")
    endpoint_id = uuid(callback, "CALLBACK")

    async def work(session: Session) -> int:
        if not (await _find(session, endpoint_id)).enabled:
            raise ConflictError("callback_disabled", f"The endpoint {endpoint_id} is disabled.")
        count = await _replay(session, endpoint_id, delivery, since)
        await wake(await temporal(session.settings), CALLBACK_QUEUE, [endpoint_id])
        return count

    emit({"id": endpoint_id, "replayed": run(work)}, as_json)


async def _replay(session: Session, endpoint_id: UUID, delivery: str | None, since: str | None) -> int:
    """Queue one delivery again, or all that failed since then. Returns how many."""
    from domain.messages.schedule import InvalidSchedule, parse_schedule_at
    from store.callbacks import callback_deliveries

    if delivery is not None:
        if not await callback_deliveries.replay(session.pool, endpoint_id, uuid(delivery, "--delivery")):
            raise NotFoundError("delivery_not_found", f"The endpoint {endpoint_id} has no delivery {delivery}.")
        return 1
    try:
        start = parse_schedule_at(since, "UTC")
    except InvalidSchedule as error:
        raise InvalidError(error.code, f"--since: {error.message}.") from None
    total = 0
    while True:
        count, rest = await callback_deliveries.replay_since(session.pool, endpoint_id, "failed", start)
        total += count
        if rest is None:
            return total
        start = rest


async def _find(session: Session, endpoint_id: UUID) -> "Endpoint":
    from store.callbacks.callback_endpoints import find

    endpoint = await find(session.pool, endpoint_id)
    if endpoint is None:
        raise _unknown(endpoint_id)
    return endpoint


def _unknown(endpoint_id: UUID) -> NotFoundError:
    return NotFoundError(
        "callback_not_found", f"There is no callback endpoint {endpoint_id}: 'xsender callback list' shows them."
    )


def _events(names: list[str]) -> list[str]:
    from domain.callbacks import EventType

    if unknown := sorted(set(names) - set(EventType)):
        raise InvalidError("events", f"No event {', '.join(unknown)}: use {', '.join(EventType)}.")
    if not names:
        raise InvalidError("events", f"Name an event: {', '.join(EventType)}.")
    return names


def _row(delivery: "Listed") -> dict[str, Any]:
    return {
        "id": delivery.id,
        "type": delivery.type,
        "uid": delivery.uid,
        "state": delivery.state,
        "tries": delivery.tries,
        "next_at": delivery.next_at,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "occurred_at": delivery.occurred_at,
        "delivered_at": delivery.delivered_at,
    }
