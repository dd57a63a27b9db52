"""Which form of a message leaves where WhatsApp takes texts only for 24 hours after the person has written."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

import orjson

from activities.database_clock import DatabaseClock
from domain.ids import message_uid
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome, Refused, RetryLater
from domain.messages.page import DispatchRequest
from domain.messages.page_content import Content, PageContent, PageMessage
from domain.whatsapp.templates import OUTSIDE_WINDOW
from gateways.base import Gateway, KeepsWindow
from store.messages.attempts import Attempted
from store.pool import Pool, retry_until_available
from store.whatsapp import windows
from store.whatsapp.forms import SentForm

SentAs = Literal["message", "template"]

MARGIN = 60.0
"""Seconds before its end at which the window counts as closed: messages are on their way for a while."""
_AT_ONCE = 0.05
"""Seconds before the template follows; 0 would be the pause that the page chooses."""


class ReplyWindow:
    """Of one dispatch. Messages that name no template in their place cost nothing."""

    def __init__(
        self, pool: Pool, clock: DatabaseClock, gateway: Gateway, request: DispatchRequest, content: PageContent
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._gateway_id = UUID(request.route.gateway_id)
        self._page_id = UUID(request.page.page_id)
        self._lane = request.page.lane
        self._content = content
        has_any = any(one.if_closed for one in content.contents)
        self._seconds = gateway.window_seconds if has_any and isinstance(gateway, KeepsWindow) else None
        """How long windows are open; ``None``: nothing of this dispatch depends on it."""
        self._closes_at: dict[UUID, float] = {}

    async def prepare(self, indexes: Sequence[int]) -> None:
        """Read when the windows of these messages close, in one statement."""
        if self._seconds is None:
            return
        uids = [message_uid(self._page_id, index) for index in indexes if self._template(index)]
        if uids:
            await self._clock.adjust()
            lasts = self._seconds - MARGIN
            self._closes_at |= await retry_until_available(
                lambda: windows.closing(self._pool, self._gateway_id, uids, lasts, OUTSIDE_WINDOW)
            )

    def fit(self, index: int, message: Outbound) -> tuple[Outbound, SentAs | None]:
        """What leaves: the message, or the template in its place. ``None``: there is no other form of it."""
        template = None if self._seconds is None else self._template(index)
        if template is None:
            return message, None
        if self._clock.now() < self._closes_at.get(message.uid, 0.0):
            return message, "message"
        return replace(message, body="", media_type=None, media_url=None, template=orjson.loads(template)), "template"

    @staticmethod
    def judge(outcome: Outcome, sent_as: SentAs | None) -> Outcome:
        """The outcome; or that the template is to follow, where the provider says that the window is closed."""
        match outcome:
            case Refused(code, reason) if code == OUTSIDE_WINDOW and sent_as == "message":
                return RetryLater(_AT_ONCE, f"the template follows: {reason}", code=code)
        return outcome

    def note(self, index: int, row: Attempted, sent_as: SentAs | None) -> Attempted:
        """The outcome, with what was sent; and with the template that follows if Meta reports only later that it took
        no text. Messages with fallbacks of their own leave that to those."""
        if sent_as is None:
            return row
        message = self._content.messages[index]
        may_follow = sent_as == "message" and row.outcome in ("accepted", "unknown") and not message.fallback
        to_follow = self._alone(message).encode() if may_follow else None
        return replace(row, form=SentForm(row.uid, row.attempt, sent_as, self._lane, to_follow))

    def _alone(self, message: PageMessage) -> PageContent:
        """The template as a message of its own."""
        content = self._content.contents[message.content]
        template = Content(template=content.if_closed, links=content.links)
        return PageContent([template], [PageMessage(message.to, message.price, 0)])

    def _template(self, index: int) -> str | None:
        return self._content.contents[self._content.messages[index].content].if_closed
