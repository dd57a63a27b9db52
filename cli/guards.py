"""``xsender guards``: what a user's messages must not do."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, user_id
from cli.output import emit
from cli.session import run, run_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from services.changes import Change

app = typer.Typer(help="Guards: what a user's messages must not do.", no_args_is_help=True)

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose guards.")]


@app.command()
def show(user: Owner, as_json: AsJson = False) -> None:
    """Show them, in the form in which they are set."""
    from services.audience.guards.models import shown
    from store.audience.guards import settings

    emit(shown(run(lambda session: settings.read(session.pool, user))), as_json)


@app.command("set")
def set_guards(
    user: Owner,
    guards: Annotated[
        str, typer.Argument(metavar="JSON", help='Such as \'{"countries": ["DE", "AT"]}\'. Parts left out stay.')
    ],
    as_json: AsJson = False,
) -> None:
    """Change them. They hold for messages that wait already, too."""
    from pydantic import ValidationError

    from services.audience.guards.models import GuardsBody, shown
    from services.audience.guards.rules import change_guards

    try:
        body = GuardsBody.model_validate(json.loads(guards))
    except (ValueError, ValidationError) as error:
        raise InvalidError("guards", f"These are no guards: {error}") from None

    async def work(made: "Change") -> dict[str, Any]:
        return shown(await change_guards(made, user, body))

    emit(run_change("user.guards_changed", work), as_json)
