"""``xsender role``: what staff may do."""

from typing import Annotated

import typer

from cli.options import AsJson, words
from cli.output import emit
from cli.session import run, run_change

app = typer.Typer(help="Roles of staff.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("list")
def list_roles(as_json: AsJson = False) -> None:
    """List the roles with their permissions."""
    from domain.access.permissions import PRESETS
    from store.access import staff

    made = run(lambda session: staff.roles(session.pool))
    presets = [{"name": name, "preset": True, "permissions": sorted(what)} for name, what in PRESETS.items()]
    emit([*presets, *({"name": r.name, "preset": False, "permissions": r.permissions} for r in made)], as_json)


@app.command()
def put(
    name: Name,
    permissions: Annotated[str, typer.Option("--permissions", help="E.g. users:read,credits:write.")],
    as_json: AsJson = False,
) -> None:
    """Make a role, or give it other permissions."""
    from services.access.staff import put_role

    wanted = words(permissions)
    run_change("role.put", lambda made: put_role(made, name, wanted))
    emit({"name": name, "permissions": sorted(set(wanted))}, as_json)


@app.command()
def delete(name: Name, as_json: AsJson = False) -> None:
    """Delete a role that nobody has."""
    from services.access.staff import delete_role

    run_change("role.deleted", lambda made: delete_role(made, name))
    emit({"name": name, "deleted": True}, as_json)
