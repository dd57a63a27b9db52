"""``xsender credit``: the ledger."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4

import typer

from cli.options import AsJson, ChannelOption, UserOption, user_id, uuid, whole
from cli.output import emit
from cli.session import run, run_change

if TYPE_CHECKING:
    from store.accounts.credits import Wallet


class RequestChoice(StrEnum):
    """Which requests for credits are listed."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    ALL = "all"


RequestArgument = Annotated[int, typer.Argument(min=1, max=2**63 - 1, metavar="REQUEST", help="The request's id.")]

app = typer.Typer(help="Credits of users, per channel.", no_args_is_help=True)

Amount = Annotated[int, typer.Option("--amount", parser=whole, metavar="N", help="A whole number of credits.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept in the journal.")]
GrantId = Annotated[str | None, typer.Option("--grant-id", help="A UUID: repeating it grants nothing more.")]
DeductId = Annotated[str | None, typer.Option("--deduct-id", help="A UUID: repeating it takes nothing more.")]


@app.command()
def topup(
    user: UserOption,
    channel: ChannelOption,
    amount: Amount,
    grant_id: GrantId = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Grant credits."""
    entry = uuid4() if grant_id is None else uuid(grant_id, "--grant-id")
    _show_booked("grant_id", entry, user, channel, _move(user, channel, amount, note, entry, 1), as_json)


@app.command()
def deduct(
    user: UserOption,
    channel: ChannelOption,
    amount: Amount,
    deduct_id: DeductId = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Take back available credits."""
    entry = uuid4() if deduct_id is None else uuid(deduct_id, "--deduct-id")
    _show_booked("deduct_id", entry, user, channel, _move(user, channel, amount, note, entry, -1), as_json)


def _move(user: int, channel: str, amount: int, note: str, entry: UUID, sign: int) -> "Wallet":
    from services.accounts.users import move_credits
    from services.changes import Change
    from store.accounts.credits import check_amount

    check_amount(amount)

    async def work(made: Change) -> "Wallet":
        made.reason = note
        return await move_credits(made, user, channel, sign * amount, entry)

    return run_change("user.credits_moved", work)


def _show_booked(name: str, entry: UUID, user: int, channel: str, wallet: "Wallet", as_json: bool) -> None:
    from dataclasses import asdict

    emit({name: str(entry), "user_id": user, "channel": channel, **asdict(wallet)}, as_json)


@app.command()
def show(user: UserOption, as_json: AsJson = False) -> None:
    """Show a user's wallets: granted = available + held + spent."""
    from store.accounts.credits import show

    emit(run(lambda session: show(session.pool, user)), as_json)


@app.command()
def journal(
    user: UserOption,
    uid: Annotated[str | None, typer.Option("--uid", help="All entries of this message or grant.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was granted to a user, deducted and transferred, the newest first."""
    from store.accounts.journal import Filter, page

    wanted = Filter(uid=None if uid is None else uuid(uid, "--uid"))
    emit(run(lambda session: page(session.pool, user, wanted, None, limit)), as_json)


@app.command()
def transfer(
    user: UserOption,
    to: Annotated[int, typer.Option("--to", parser=user_id, metavar="ID", help="The other user's id.")],
    channel: ChannelOption,
    amount: Amount,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Move available credits of a user to another one."""
    from services.accounts.users import transfer_credits
    from services.changes import Change

    entry = uuid4()

    async def work(made: Change) -> "dict[str, Wallet]":
        made.reason = note
        return await transfer_credits(made, user, to, channel, amount, entry)

    emit({"uid": str(entry), **run_change("user.credits_transferred", work)}, as_json)


@app.command()
def requests(
    state: Annotated[RequestChoice, typer.Option("--state")] = RequestChoice.PENDING,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what users ask for, the newest first."""
    from store.credits.requests import page

    states = [] if state is RequestChoice.ALL else [state.value]
    emit(run(lambda session: page(session.pool, None, states, None, 2**63 - 1, limit)), as_json)


@app.command()
def approve(
    request: RequestArgument,
    amount: Annotated[
        int | None, typer.Option("--amount", parser=whole, metavar="N", help="Left out: what was asked for.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason")] = "",
    as_json: AsJson = False,
) -> None:
    """Grant what a user asks for."""
    from services.accounts.credit_requests import approve

    emit(run_change("credits.request_approved", lambda made: approve(made, request, amount, reason)), as_json)


@app.command()
def reject(request: RequestArgument, reason: Annotated[str, typer.Option("--reason")], as_json: AsJson = False) -> None:
    """Refuse what a user asks for; the user sees the reason."""
    from services.accounts.credit_requests import reject

    emit(run_change("credits.request_rejected", lambda made: reject(made, request, reason)), as_json)


@app.command()
def audit(as_json: AsJson = False) -> None:
    """Compare all wallets with the journal. Lists those that differ; the exit code is 1 if there are any."""
    from store.accounts.credits import audit

    differing = run(lambda session: audit(session.pool))
    emit(differing, as_json)
    if differing:
        raise typer.Exit(1)
