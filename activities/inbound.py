"""hear: messages from people, kept and acted on."""

from uuid import UUID

from temporalio import activity

from domain.channels import Channel
from domain.ids import page_of
from domain.page import ADMIN_ACCOUNT, PageHeader
from domain.page_content import Content, PageContent, PageMessage
from domain.receipts import Heard, Inbound, ReceiptsSource, Reply, decode_events
from domain.segments import count_segments
from store import inbound
from store.pool import Pool


class Hearing:
    """A STOP is obeyed before anything is answered; each message is acted on once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="hear")
    async def hear(self, source: ReceiptsSource, events: bytes) -> Heard:
        """Keep the messages among the events. Returns whom to tell, and what to answer."""
        withdrawn: dict[str, list[str]] = {}
        replies: list[Reply] = []
        endpoints: set[UUID] = set()
        for event in decode_events(events):
            if not isinstance(event, Inbound):
                continue
            taken = await inbound.take(self._pool, UUID(source.gateways[0]), source.channel, event)
            if taken is None:
                continue
            for uid in taken.withdrawn:
                withdrawn.setdefault(str(page_of(uid)), []).append(str(uid))
            endpoints |= taken.endpoints
            if taken.reply:
                replies.append(_reply(taken, source.channel, event.sender, taken.reply))
        return Heard(withdrawn, replies, sorted(map(str, endpoints)))


def _reply(taken: inbound.Taken, channel: str, to: str, text: str) -> Reply:
    """A page of one message, back through the gateway that was written to."""
    segments = count_segments(text)
    price = segments.parts if channel == Channel.SMS else 1
    message = PageMessage(to, 0 if taken.account_id == ADMIN_ACCOUNT else price, 0)
    content = PageContent([Content(body=text, unicode=segments.encoding == "ucs2")], [message])
    page = PageHeader(str(taken.reply_page), taken.account_id, channel, 1, requested={taken.gateway: [0]}, exempt=True)
    return Reply(page, content.encode().decode())
