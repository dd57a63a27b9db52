"""``xsender plan``: plans of accounts."""

from typing import Annotated

import typer

from cli.options import AsJson, UserOption, json_object
from cli.output import emit
from cli.session import Session, run, run_change

RenewOption = Annotated[bool, typer.Option("--renew/--no-renew", help="Whether it renews at its period's end.")]

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
    import json

    from store.accounts import plans

    config = json_object(config_json, "--config-json")
    new = plans.NewPlan.model_validate_json(json.dumps({**config, "name": name}))
    emit(run(lambda session: plans.create(session.pool, new)), as_json)


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
    from services.accounts import begin_plan

    emit(run_change("user.plan_assigned", lambda made: begin_plan(made, user, plan, renews=renew)), as_json)


@app.command("set-renewal")
def set_renewal(user: UserOption, renew: RenewOption, as_json: AsJson = False) -> None:
    """Have a user's plan renew whenever its period ends, or end with the current period."""
    from store.accounts import accounts

    async def work(session: Session) -> accounts.Account:
        await accounts.set_renewal(session.pool, user, renew)
        return await accounts.get(session.pool, user)

    emit(run(work), as_json)
