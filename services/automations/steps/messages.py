"""Steps that send: a message goes to the outbox, from where those of the same step are sent together."""

from dataclasses import asdict
from datetime import UTC, timedelta
from typing import Any

from domain.audience.contacts.contact import new_contact_id
from domain.audience.windows import SendWindow, next_opening
from domain.automations.definition.steps import Content, Send
from domain.channels import Channel
from services.automations.outcomes import Done, Ends, Outcome, StepFailed, Waits
from services.automations.steps.fallbacks import address_of, fallbacks_of
from services.automations.steps.turn import Turn
from services.contacts.models import FIELDS_OF
from store.automations.outbox import Waiting

_SOON, _SELDOM = timedelta(seconds=1), timedelta(minutes=1)
"""Between two looks whether the message before has left."""


async def send(step: Send, turn: Turn) -> Outcome:
    """Have a message be sent to the contact, if there is an address for it, and the run's last one has left: a run's
    messages keep their order, also where one waits for hours that suit its recipient.
    """
    if step.await_ == "accepted" and any(one.is_leaving for one in (await turn.round.sends(turn.run)).values()):
        waited = turn.now - (turn.run.since or turn.now)
        return Waits(turn.now + min(max(waited, _SOON), _SELDOM))
    channel = Channel(step.channel)
    address = turn.fill(step.to) if step.to else address_of(channel, turn.known.facts.values["contact"])
    if not address:
        return _unreachable(step)
    cap = turn.flow.settings.cap
    if cap is not None and await turn.round.sent_since(turn.run, cap.per) >= cap.messages:
        return Done({"result": "capped"})
    waiting = Waiting(
        new_contact_id(),
        turn.run.id,
        turn.number,
        turn.run.account_id,
        _letter(step, turn),
        _recipient(step, turn, channel, address),
    )
    await turn.round.put(turn.run, waiting, step.id)
    return Done({"result": "sent", "channel": channel.value})


def _unreachable(step: Send) -> Outcome:
    match step.if_unreachable:
        case "skip":
            return Done({"result": "unreachable"})
        case "exit":
            return Ends("unreachable")
    raise StepFailed("unreachable", f"the contact has no address for {step.channel}")


def _letter(step: Send, turn: Turn) -> dict[str, Any]:
    """What is the same for all that share a batch: of the same revision of the same step."""
    return {
        "automation": str(turn.run.automation_id),
        "step": step.id,
        "channel": step.channel,
        "lane": step.lane or turn.flow.settings.lane,
        "gateway": step.gateway,
        "on_unknown": step.on_unknown,
        "template": step.template,
        "texts": _texts(step.content) if step.content else None,
    } | ({"fallback": True} if step.fallback else {})


def _texts(content: Content) -> dict[str, Any]:
    return {name: value for name, value in asdict(content).items() if value is not None}


def _recipient(step: Send, turn: Turn, channel: Channel, address: str) -> dict[str, Any]:
    """As in a request to send. What it holds for templates must not take the place of the request's own fields."""
    named = {name: value for name, value in turn.known.variables.items() if name not in FIELDS_OF[channel]}
    named["email" if channel is Channel.EMAIL else "number"] = address
    if step.fallback:
        named["fallback"] = fallbacks_of(step, turn)
    window = turn.flow.settings.send_window
    if window is not None and not step.ignore_window:
        hours = SendWindow(window.from_, window.to, window.days)
        opens = next_opening(hours, turn.now, turn.zone(turn.flow.settings.timezone))
        if opens > turn.now:
            named["schedule_at"] = opens.astimezone(UTC).isoformat()
    return named
