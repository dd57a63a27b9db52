"""``xsender user``: the accounts that send."""

from typing import Annotated

import typer

from cli.options import AsJson, UserArgument
from cli.output import emit
from cli.session import Session, run, run_change

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
    from services.accounts.users import add_account

    wanted = {"email": email, "name": name, "plan": plan}
    emit(run_change("user.created", lambda made: add_account(made, wanted)), as_json)


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
def invite(user: UserArgument, as_json: AsJson = False) -> None:
    """Print a token with which a user sets a password, once: POST /api/auth/reset."""
    from cli.people import invite_person

    invite_person("user", user, as_json)


@app.command()
def suspend(
    user: UserArgument,
    keep_waiting: Annotated[
        bool, typer.Option("--keep-waiting", help="Its accepted messages wait until it is resumed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Refuse all requests of a user until resumed. Its waiting messages are cancelled, and their credits released."""
    from dataclasses import asdict

    from services.accounts.users import suspend_account

    account, begun = run_change(
        "user.suspended", lambda made: suspend_account(made, user, cancel_waiting=not keep_waiting)
    )
    emit(asdict(account) | {"operation": begun and begun.id}, as_json)


@app.command()
def resume(user: UserArgument, as_json: AsJson = False) -> None:
    """Resume a suspended user; messages that were kept waiting continue."""
    from services.accounts.users import resume_account

    emit(run_change("user.resumed", lambda made: resume_account(made, user)), as_json)


@app.command("set-time-zone")
def set_time_zone(
    user: UserArgument,
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="E.g. Europe/Berlin.")],
    as_json: AsJson = False,
) -> None:
    """Set the time zone of a user's days, periods and scheduled times."""
    _update(user, {"time_zone": zone}, as_json)


@app.command("set-default-region")
def set_default_region(
    user: UserArgument,
    region: Annotated[str, typer.Argument(metavar="REGION", help="Two letters, e.g. FR; - for the install's.")],
    as_json: AsJson = False,
) -> None:
    """Set the country of a user's numbers without a country code."""
    _update(user, {"default_region": None if region == "-" else region}, as_json)


@app.command()
def delete(user: UserArgument, as_json: AsJson = False) -> None:
    """Delete a user: its keys are revoked, waiting messages cancelled, its address is free again."""
    from services.accounts.users import delete_account

    emit(run_change("user.deleted", lambda made: delete_account(made, user)), as_json)


@app.command()
def restore(user: UserArgument, as_json: AsJson = False) -> None:
    """Restore a deleted user. Its keys stay revoked, and its callbacks disabled."""
    from services.accounts.users import restore_account

    emit(run_change("user.restored", lambda made: restore_account(made, user)), as_json)


@app.command()
def subscription(user: UserArgument, as_json: AsJson = False) -> None:
    """Show a user's plan, what is left of its credits, and the plan that follows."""
    from services.accounts.subscriptions import read

    emit(run(lambda session: read(session.pool, user)), as_json)


def _update(user: int, patch: dict[str, str | None], as_json: bool) -> None:
    from services.accounts.users import change_account

    emit(run_change("user.updated", lambda made: change_account(made, user, patch)), as_json)
