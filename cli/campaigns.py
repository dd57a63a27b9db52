"""``xsender campaign``: campaigns of all users, and changes to those that are sent."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.options import AsJson, user_id
from cli.output import emit
from cli.session import Session, run, run_connected_change, temporal

if TYPE_CHECKING:
    from domain.audience.campaigns.run import CampaignChangeKind
    from services.changes import Change

app = typer.Typer(help="Campaigns: one message to many contacts of a user.", no_args_is_help=True)

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose campaigns.")]
Id = Annotated[UUID, typer.Argument(metavar="ID", help="The campaign's id.")]
_MOST = 10_000


@app.command("list")
def list_campaigns(user: Owner, as_json: AsJson = False) -> None:
    """List campaigns, newest first."""
    from store.audience.campaigns import campaigns

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(found) for found in await campaigns.page(session.pool, user, None, None, _MOST)]

    found = run(work)
    names = ("id", "name", "channel", "state", "created_at")
    emit(found if as_json else [{name: one[name] for name in names} for one in found], as_json)


@app.command()
def show(campaign: Id, as_json: AsJson = False) -> None:
    """Show a campaign, and how it did."""
    from services.audience.campaigns.sending import goal_of, plan_of
    from store.audience.campaigns import campaigns, results

    async def work(session: Session) -> dict[str, Any]:
        found = await campaigns.get(session.pool, None, campaign)
        shown = asdict(found)
        for latest in await campaigns.runs(session.pool, campaign, None, 1):
            numbers = await results.by_variant(session.pool, latest, goal_of(plan_of(found)))
            shown |= {"run": asdict(latest), "results": [asdict(each) for each in numbers.values()]}
        return shown

    emit(run(work), as_json)


@app.command()
def pause(campaign: Id, as_json: AsJson = False) -> None:
    """Begin nothing more; what is at a gateway gets its outcome."""
    _steer(campaign, "pause", "campaign.paused", as_json)


@app.command()
def resume(campaign: Id, as_json: AsJson = False) -> None:
    """Go on where it stopped."""
    _steer(campaign, "resume", "campaign.resumed", as_json)


@app.command()
def cancel(campaign: Id, as_json: AsJson = False) -> None:
    """Cancel unsent messages, and release their credits."""
    _steer(campaign, "cancel", "campaign.cancelled", as_json)


def _steer(campaign_id: UUID, kind: "CampaignChangeKind", action: str, as_json: bool) -> None:
    from services.audience.campaigns.steering import steer
    from store.audience.campaigns import campaigns

    async def work(session: Session, made: "Change") -> dict[str, Any]:
        before = await campaigns.get(session.pool, None, campaign_id)
        made.about("campaign", before.id, before.name)
        after = await steer(made.store, await temporal(session.settings), before, kind)
        made.compare({"state": before.state}, {"state": after.state})
        return {"id": str(after.id), "state": after.state}

    emit(run_connected_change(action, work), as_json)
