"""``xsender plan``: plans of accounts."""

from typing import Annotated

import typer

from cli.options import AsJson, UserOption, json_object
from cli.output import emit
from cli.session import run, run_change

RenewOption = Annotated[bool, typer.Option("--renew/--no-renew", help="Whether it renews at its period's end.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The plan's name.")]

app = typer.Typer(help="Plans: credits, limits and gateways for accounts.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name")],
    config_json: Annotated[
        str,
        typer.Option(
            "--config-json",
            help='E.g. {"price_cents": 900, "channels": {"sms": {"credits": 1000}}, "gateways": ["main"]}',
        ),
    ] = "{}",
    as_json: AsJson = False,
) -> None:
    """Create a plan."""
    from services.accounts.plans import checked_plan, create_plan

    new = checked_plan({**json_object(config_json, "--config-json"), "name": name})
    emit(run_change("plan.created", lambda made: create_plan(made, new)), as_json)


@app.command()
def show(name: NameArgument, as_json: AsJson = False) -> None:
    """Show a plan."""
    from store.accounts import plans

    emit(run(lambda session: plans.get(session.pool, name)), as_json)


@app.command()
def update(
    name: NameArgument,
    config_json: Annotated[
        str,
        typer.Option(
            "--config-json",
            help='A JSON Merge Patch: {"price_cents": 900, "channels": {"sms": {"daily_limit": 5}, "email": null}}',
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change a plan: limits and gateways from the next request on, credits from the next renewal on."""
    from services.accounts.plans import change_plan

    patch = json_object(config_json, "--config-json")
    emit(run_change("plan.updated", lambda made: change_plan(made, name, patch)), as_json)


@app.command()
def delete(name: NameArgument, as_json: AsJson = False) -> None:
    """Delete a plan that no user has."""
    from services.accounts.plans import delete_plan

    run_change("plan.deleted", lambda made: delete_plan(made, name))
    emit({"name": name, "deleted": True}, as_json)


@app.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """List the plans."""
    from store.accounts import plans

    emit(run(lambda session: plans.list_plans(session.pool)), as_json)


@app.command()
def assign(
    user: UserOption,
    plan: Annotated[str, typer.Option("--plan", help="Name of the plan.")],
    renew: RenewOption = True,
    as_json: AsJson = False,
) -> None:
    """Give a user a plan from now, and grant its credits now and whenever it is renewed."""
    from services.accounts.users import begin_plan

    emit(run_change("user.plan_assigned", lambda made: begin_plan(made, user, plan, renews=renew)), as_json)


@app.command("set-renewal")
def set_renewal(user: UserOption, renew: RenewOption, as_json: AsJson = False) -> None:
    """Have a user's plan renew whenever its period ends, or end with the current period."""
    from services.accounts.users import set_renewal

    emit(run_change("user.renewal_set", lambda made: set_renewal(made, user, renews=renew)), as_json)
