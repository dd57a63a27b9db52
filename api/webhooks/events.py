"""Assigns the events of one post to gateways."""

from collections.abc import Sequence

from api.webhooks.receivers import WebhookReceiver
from domain.messages.receipts import Event, Inbound
from gateways.webhooks.webhook import Post


def by_gateways(ends: Sequence[WebhookReceiver], post: Post) -> dict[tuple[Event, ...], list[str]]:
    """The ids of the gateways that each set of events is for.

    Receipts are for all gateways that verified the post: the database has which of them sent the message. An
    inbound message is for one.

    Raises:
        UnreadablePost: it is not what the provider posts.
    """
    read = [(end, end.webhook.read(post)) for end in ends]
    receivers = _receivers(read)
    found: dict[tuple[Event, ...], list[str]] = {}
    for end, events in read:
        own = tuple(event for event in events if not isinstance(event, Inbound) or receivers[event] is end)
        found.setdefault(own, []).append(str(end.gateway_id))
    return found


def _receivers(read: Sequence[tuple[WebhookReceiver, Sequence[Event]]]) -> dict[Inbound, WebhookReceiver]:
    """The receivers of inbound messages: the gateway with that number, else one that may have it, else the first."""
    receivers: dict[Inbound, WebhookReceiver] = {}
    for end, events in read:
        for event in events:
            if isinstance(event, Inbound) and (event not in receivers or _nearer(end, receivers[event], event)):
                receivers[event] = end
    return receivers


def _nearer(end: WebhookReceiver, other: WebhookReceiver, said: Inbound) -> bool:
    rank = {True: 0, None: 1, False: 2}
    return rank[end.webhook.is_for_number(said.recipient)] < rank[other.webhook.is_for_number(said.recipient)]
