"""``xsender secret``: what calls of automations send or sign with, by name. Values are never shown again."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, read_secret, user_id
from cli.output import emit
from cli.session import Session, run, run_change, run_sealed_change

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.changes import Change

app = typer.Typer(help="Secrets of users, for calls of their automations.", no_args_is_help=True)

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose secrets.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="By which steps name it.")]


@app.command("list")
def list_secrets(user: Owner, as_json: AsJson = False) -> None:
    """List secrets, without their values."""
    from store.automations import secrets

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(found) for found in await secrets.of_account(session.pool, user)]

    emit(run(work), as_json)


@app.command("set")
def set_secret(
    name: Name,
    user: Owner,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="The only hosts that it is sent to. Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set a secret, new or not: its value is asked for, or the first line of standard input."""
    from services.automations.calls import secrets as rules

    value = read_secret()

    async def work(made: "Change", keyring: "Keyring") -> dict[str, Any]:
        return asdict(await rules.put(made, keyring, user, name, value, host or []))

    emit(run_sealed_change("secret.set", work), as_json)


@app.command()
def delete(name: Name, user: Owner, as_json: AsJson = False) -> None:
    """Delete a secret. Steps that name it fail from now on."""
    from services.automations.calls import secrets as rules

    async def work(made: "Change") -> dict[str, Any]:
        await rules.remove(made, user, name)
        return {"deleted": name}

    emit(run_change("secret.deleted", work), as_json)
