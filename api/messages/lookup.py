"""Finding a caller's own message: in the database or, just after it was accepted, in its workflow."""

from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from fastapi import Request

from api.http.auth import Requires, accept_key, key_of, stored_key_of
from api.http.errors import ApiError
from api.http.query_text import check_query
from api.http.state import AppState, state_of
from api.http.temporal_link import TemporalUnavailable
from api.messages.live import accepted_message, accepted_status, live_status
from domain.access.api_keys import KeyKind, ParsedKey
from domain.channels import Channel
from domain.messages.page import LiveStatus
from domain.messages.statuses import State
from services.workflow_calls import WorkflowUnresponsive
from store.accounts.api_keys import Principal, StoredKey
from store.messages import messages, own_messages
from store.messages.messages import Message
from store.messages.own_messages import Wanted
from store.pool import Pool
from store.shared_lookup import SharedLookup

_LIVE = frozenset({State.SCHEDULED, State.QUEUED, State.PROCESSING})

Found = tuple[Message, LiveStatus | None] | tuple[None, LiveStatus]
"""The message in the database, and its status in the workflow: at least one of them."""


class OwnMessages(SharedLookup[Wanted, tuple[StoredKey, Message | None]]):
    """Reads keys, each with a message of its account."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(partial(own_messages.find_own, pool))


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """The message that a request asks for."""

    principal: Principal
    uid: UUID | None
    """``None``: what the path has in its place is none."""
    message: Message | None
    """``None``: it is not recorded, or not the account's own."""


class MessageReader:
    """A dependency: accepts a key as ``requires("read")`` does, and reads the path's message in the same statement."""

    requires = Requires("read", minds_narrowing=True)

    async def __call__(self, request: Request) -> ReadMessage:
        key, uid = key_of(request), uid_of(request.path_params["uid"])
        channel = request.path_params.get("channel", Channel.SMS)
        if key.kind is KeyKind.SESSION:
            return await self._read_in_session(request, key, channel, uid)
        stored, message = await state_of(request).part(OwnMessages).get((key.id, channel, uid)) or (None, None)
        principal = await accept_key(request, key, stored)
        self._check(request, principal, channel)
        return ReadMessage(principal, uid, message)

    async def _read_in_session(self, request: Request, key: ParsedKey, channel: str, uid: UUID | None) -> ReadMessage:
        """For people, who read few messages: with a statement more."""
        principal = await accept_key(request, key, await stored_key_of(request, key))
        self._check(request, principal, channel)
        pool, account = state_of(request).pool, principal.account_id
        message = None if uid is None else await messages.find(pool, account, channel, uid)
        return ReadMessage(principal, uid, message)

    def _check(self, request: Request, principal: Principal, channel: str) -> None:
        self.requires.check(principal, channel)
        check_query(request.scope["query_string"])


read_message = MessageReader()


async def find_own(state: AppState, principal: Principal, channel: Channel, uid: UUID) -> Found:
    """The message, if it is the account's own.

    Raises:
        as ``with_workflow``.
    """
    message = await messages.find(state.pool, principal.account_id, channel, uid)
    return await with_workflow(state, principal, channel, uid, message)


async def with_workflow(
    state: AppState, principal: Principal, channel: Channel, uid: UUID, message: Message | None
) -> Found:
    """The message that was read, with its status in the workflow; ``None``: it was not in the database.

    A test key finds none but test messages.

    Raises:
        ApiError: 404, the same for a foreign uid, for another channel's, and for one that does not exist.
        TemporalUnavailable, RPCError: it is not in the database, and Temporal does not answer.
    """
    if message is not None:
        _check_visible(principal, message.test)
        return message, await live_if_any(state, message)
    account_id = principal.account_id
    live = await _unrecorded(state, account_id, channel, uid)
    if live is not None:
        _check_visible(principal, live.test)
        return None, live
    message = await messages.find(state.pool, account_id, channel, uid)  # it may have been recorded meanwhile
    if message is None:
        raise unknown_message()
    _check_visible(principal, message.test)
    return message, None


def _check_visible(principal: Principal, is_test: bool) -> None:
    if principal.is_test and not is_test:
        raise unknown_message()


async def _unrecorded(state: AppState, account_id: int, channel: Channel, uid: UUID) -> LiveStatus | None:
    """The status of an account's message in its workflow; ``None``: it has none on this channel."""
    accepted = await accepted_status(state.temporal, channel, uid)  # the workflow's own answer names no channel
    return None if accepted is None or accepted.account_id != account_id else await _now(state, uid, accepted)


async def unrecorded_any(state: AppState, uid: UUID) -> tuple[str, LiveStatus] | None:
    """The channel of anybody's message, and its status in its workflow; ``None``: it has none.

    Raises:
        TemporalUnavailable, RPCError: Temporal does not answer.
    """
    found = await accepted_message(state.temporal, uid)
    live = None if found is None else await _now(state, uid, found[1])
    return None if found is None or live is None else (found[0], live)


async def _now(state: AppState, uid: UUID, accepted: LiveStatus) -> LiveStatus | None:
    try:
        live = await live_status(state.temporal, uid)
    except WorkflowUnresponsive:
        return accepted
    return live and replace(live, test=accepted.test)


async def live_if_any(state: AppState, message: Message) -> LiveStatus | None:
    """The workflow's status of a recorded message; ``None``: none."""
    if message.state not in _LIVE and not message.awaited:
        return None
    if message.credit == "pending":  # its page was not started yet
        due = message.schedule_at.timestamp() if message.schedule_at else 0.0
        return LiveStatus(message.account_id, message.state, "batch", due)
    try:
        return await live_status(state.temporal, message.uid)
    except (WorkflowUnresponsive, TemporalUnavailable):
        return None


def parse_uid(text: str) -> UUID:
    """A uid from a path; anything else is treated as an unknown uid."""
    uid = uid_of(text)
    if uid is None:
        raise unknown_message()
    return uid


def uid_of(text: str) -> UUID | None:
    """A uid from a path; ``None``: it is none."""
    try:
        uid = UUID(text)
    except ValueError:
        return None
    return uid if str(uid) == text.lower() else None  # UUID() also reads braces, URNs, and digits of other scripts


def unknown_message() -> ApiError:
    """404, the same for a foreign uid and for none at all."""
    return ApiError(404, "message_not_found", "there is no message with this uid on this channel")
