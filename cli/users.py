"""``xsender user``: the accounts that send."""

from typing import Annotated, Any

import typer

from cli.options import AsJson, UserArgument
from cli.output import emit
from cli.session import Session, run

app = typer.Typer(help="The accounts that send.", no_args_is_help=True)

_PAGE = 500


@app.command()
def create(
    email: Annotated[str, typer.Option("--email")],
    name: Annotated[str, typer.Option("--name")],
    plan: Annotated[str | None, typer.Option("--plan", help="Name of a plan; its credits are granted.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a user."""
    from services.accounts import create_account

    emit(run(lambda session: create_account(session.pool, email, name, plan)), as_json)


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the users, by id."""
    from store.accounts import accounts

    async def work(session: Session) -> list[accounts.Account]:
        found: list[accounts.Account] = []
        while more := await accounts.page(session.pool, found[-1].id if found else 0, _PAGE):
            found += more
        return found

    emit(run(work), as_json)


@app.command()
def suspend(user: UserArgument, as_json: AsJson = False) -> None:
    """Refuse all requests of a user, and hold its accepted messages, until resumed."""
    from store.accounts import accounts

    _change(accounts.suspend, user, as_json)


@app.command()
def resume(user: UserArgument, as_json: AsJson = False) -> None:
    """Resume a suspended user; its held messages continue."""
    from store.accounts import accounts

    _change(accounts.resume, user, as_json)


@app.command("set-time-zone")
def set_time_zone(
    user: UserArgument,
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="E.g. Europe/Berlin.")],
    as_json: AsJson = False,
) -> None:
    """Set the time zone of a user's days, periods and scheduled times."""
    from store.accounts import accounts

    _change(lambda pool, user_id: accounts.set_time_zone(pool, user_id, zone), user, as_json)


@app.command("set-default-region")
def set_default_region(
    user: UserArgument,
    region: Annotated[str, typer.Argument(metavar="REGION", help="Two letters, e.g. FR; - for the install's.")],
    as_json: AsJson = False,
) -> None:
    """Set the country of a user's numbers without a country code."""
    from store.accounts import accounts

    wanted = None if region == "-" else region.upper()
    _change(lambda pool, user_id: accounts.set_default_region(pool, user_id, wanted), user, as_json)


@app.command()
def delete(user: UserArgument, as_json: AsJson = False) -> None:
    """Delete a user: its keys are revoked, waiting messages cancelled, its address is free again."""
    from store.accounts import accounts

    _change(accounts.delete, user, as_json)


def _change(change: Any, user: int, as_json: bool) -> None:
    """Apply a change and show the account afterwards."""
    from store.accounts import accounts

    async def work(session: Session) -> accounts.Account:
        await change(session.pool, user)
        return await accounts.get(session.pool, user)

    emit(run(work), as_json)
