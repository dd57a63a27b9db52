"""Starting pages in bounded time, and resolving starts that Temporal did not answer.

A start that got no answer may still be executed: a server that hung processes it when it continues. Its
sender was answered that the outcome is unknown, and may have sent again by other means. So a page whose start was
not answered is, as soon as Temporal answers, either found started or made unstartable, and until then nothing else is
started: a hang leaves one unknown page for each group and each request in progress, not one for each caller.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.http.callers import Caller, caller_gone, connected, should_check
from api.http.errors import nothing_accepted, outcome_unknown
from api.http.temporal_link import TemporalLink
from api.limits.admission import MOST, AdmissionLimit
from api.limits.fair_slots import FairSlots
from api.messages.live import is_page_known
from domain.channels import Channel
from domain.ids import message_uid
from domain.messages.new_page import new_page
from domain.messages.page import ADMIN_ACCOUNT, PageHeader
from domain.messages.page_content import PageContent
from runtime.tasks import cancel_and_wait
from services.sending.start_page import start_page
from workflows.policy import start_options

log = structlog.get_logger()

ACCEPT_SECONDS = 5.0
"""How long a caller waits to be accepted: then it is answered that it was not, or that this is not known."""

START_SECONDS = 3.0
"""How long an answer of Temporal to a start is awaited: it takes a few milliseconds."""

_START_TIMEOUT = timedelta(seconds=START_SECONDS)
_AT_A_TIME = 64
"""Concurrent starts of pages of single requests: each takes Temporal a few milliseconds. One account has half."""
_PAUSE = 0.2
"""Seconds between two tries to resolve a start."""

_REFUSALS = frozenset(
    {
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNIMPLEMENTED,
    }
)
"""Errors by which the server states that it started nothing."""


class Starts:
    """All starts of pages in this process."""

    def __init__(self, link: TemporalLink, admission: AdmissionLimit) -> None:
        self._link = link
        self._admission = admission
        self._slots = FairSlots(
            _AT_A_TIME, _AT_A_TIME // 2, waiting=MOST, patience=ACCEPT_SECONDS, what="requests to accept"
        )
        self._tasks: set[asyncio.Task[bool]] = set()
        self._in_doubt = 0
        self._silent_since = 0.0
        self._nothing_in_doubt = asyncio.Event()
        self._nothing_in_doubt.set()

    async def aclose(self) -> None:
        """Stop resolving: unresolved starts stay so."""
        await cancel_and_wait(*self._tasks)

    def check_answering(self) -> None:
        """Refuse requests at once while Temporal is known not to answer.

        Raises:
            ApiError: 503, nothing was accepted.
        """
        if self._in_doubt and _now() - self._silent_since > ACCEPT_SECONDS:
            raise nothing_accepted("Temporal does not answer")

    async def answered(self) -> None:
        """Wait until all starts are resolved."""
        await self._nothing_in_doubt.wait()

    @asynccontextmanager
    async def turn(self, account_id: int, size: int, caller: Caller = connected) -> AsyncIterator[float]:
        """Admit an account's request with ``size`` bytes to be started; yields its deadline.

        Raises:
            ApiError: 503, nothing was accepted: too many wait, Temporal does not answer, the caller has disconnected.
        """
        self.check_answering()
        begun = _now()
        async with AsyncExitStack() as held:
            held.enter_context(self._admission.admitted(account_id, size))
            try:
                async with asyncio.timeout_at(begun + ACCEPT_SECONDS):
                    await self.answered()
                    await held.enter_async_context(self._slots.slots(account_id))
            except TimeoutError:
                raise nothing_accepted("Temporal does not answer") from None
            if should_check(begun, _now()) and await caller():
                raise caller_gone()
            yield begun + ACCEPT_SECONDS

    async def start_own(self, page: PageHeader, content: bytes, caller: Caller) -> None:
        """Start the page of one request without an idempotency key.

        Raises:
            ApiError: 503, nothing was accepted.
            OutcomeUnknownError: it may have been.
            RPCError: Temporal refused it.
        """
        async with self.turn(page.account_id, len(content), caller) as deadline:
            starting = asyncio.create_task(self.start(page, content))
            self._tasks.add(starting)
            starting.add_done_callback(self._ended)
            try:
                async with asyncio.timeout_at(deadline):
                    is_started = await asyncio.shield(starting)
            except TimeoutError:
                raise outcome_unknown(message_uid(UUID(page.page_id), 0)) from None
        if not is_started:
            raise nothing_accepted("Temporal did not answer in time")

    async def start_repeatable(self, page: PageHeader, content: bytes, caller: Caller) -> None:
        """Start the page of one request whose repeat, with the same idempotency key, starts the same page.

        Raises:
            ApiError: 503, nothing was accepted.
            OutcomeUnknownError: it may have been.
            RPCError: Temporal refused it.
        """
        async with self.turn(page.account_id, len(content), caller):
            try:
                async with asyncio.timeout(START_SECONDS):
                    await start_once(self._link.client, page, content)
            except (TimeoutError, RPCError) as error:
                _raise_refusal(error)
                raise outcome_unknown(message_uid(UUID(page.page_id), 0)) from None

    async def start(self, page: PageHeader, content: bytes) -> bool:
        """Start a page; returns whether it was started. If not, it never will be. Waits until Temporal answers.

        Raises:
            RPCError: Temporal refused it.
            TemporalUnavailable: it was never reached.
        """
        client = self._link.client
        try:
            async with asyncio.timeout(START_SECONDS):
                if await start_once(client, page, content):
                    return True
        except (TimeoutError, RPCError) as error:
            _raise_refusal(error)
        del content  # it may be large, and the wait long
        return await self._resolve_start(client, UUID(page.page_id))

    async def _resolve_start(self, client: Client, page_id: UUID) -> bool:
        """Whether a page was started; if not, it is made unstartable."""
        if not self._in_doubt:
            self._silent_since = _now()
            self._nothing_in_doubt.clear()
        self._in_doubt += 1
        log.warning("it is unknown whether a page was started", page=str(page_id))
        try:
            while True:
                with suppress(TimeoutError, RPCError):
                    async with asyncio.timeout(START_SECONDS):
                        return not await make_unstartable(client, page_id) and await is_page_known(client, page_id)
                await asyncio.sleep(_PAUSE)
        finally:
            self._in_doubt -= 1
            if not self._in_doubt:
                self._nothing_in_doubt.set()

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a page was not started", error=repr(error))


async def start_once(client: Client, page: PageHeader, content: bytes) -> bool:
    """Start a page's workflow, once; returns whether it was started now.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    options = start_options(page.lane, page.account_id)
    return await start_page(client, page, content, rpc_timeout=_START_TIMEOUT, **options)


async def make_unstartable(client: Client, page_id: UUID) -> bool:
    """Make sure that a page is not started later; returns whether it had not been started.

    An empty page is started instead: workflow ids are used once.

    Raises:
        RPCError: Temporal does not answer.
    """
    nothing = new_page(page_id, Channel.SMS, [ADMIN_ACCOUNT], [], {})
    options = start_options(nothing.lane, nothing.account_id)
    return await start_page(client, nothing, PageContent([], []).encode(), rpc_timeout=_START_TIMEOUT, **options)


def _raise_refusal(error: Exception) -> None:
    if isinstance(error, RPCError) and error.status in _REFUSALS:
        raise error


def _now() -> float:
    return asyncio.get_running_loop().time()
