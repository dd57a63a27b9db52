"""One dispatch: records intents, sends, and records outcomes as they come.

The order is the guarantee. An intent is durable before its connection is opened, so a crash leaves at most as many
intents without outcome as its gateway has slots; the next run counts those as ``unknown`` and sends only what has no
intent.

A send starts only if it can get its answer within the dispatch's time; messages not started by then are returned.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from activities.database_clock import DatabaseClock
from activities.dispatching.attempts import UNDER_WAY, Attempts
from activities.dispatching.email_assembler import AttachmentExpired, EmailAssembler
from activities.dispatching.health import Health
from activities.dispatching.message_links import MessageLinks
from activities.dispatching.outcome_log import OutcomeLog
from activities.dispatching.outcome_tally import OutcomeTally
from activities.dispatching.sender_keys import FromRefused, SenderAddresses
from activities.dispatching.start_window import StartWindow
from activities.measuring.gateway_calls import GatewayCalls
from activities.pacing.gateway_slots import GatewaySlots
from activities.pacing.rate_slots import RateSlots
from activities.pacing.slots import NoSlotFree
from activities.whatsapp.languages import TemplateLanguages
from activities.whatsapp.reply_window import ReplyWindow, SentAs
from domain.channels import Channel
from domain.lanes import Lane
from domain.links.targets import Utm
from domain.mail.extras import MailExtras
from domain.messages.outbound import Outbound
from domain.messages.outcomes import AwaitsDevice, Outcome, Refused, RetryLater, Unknown
from domain.messages.page import ANSWER_SECONDS, DispatchRequest, Retry
from domain.messages.page_content import PageContent
from domain.workflows.search_attributes import Outcome as SearchedBy
from gateways.base import Enqueues, Gateway
from store.messages import attempts
from store.pool import Pool

_SLICE = 32
_LONGEST_PAUSE = 1.0
"""Longest pause before a retry, in seconds, that is waited here: for a longer one the page waits."""
_LOOK_AGAIN = 0.5
"""Seconds between two checks of the sends of another run."""
_SLOTS_FAR = 60.0
"""Seconds after which bulk tries again to get slots."""


class _NotBegunError(Exception):
    """There is no time left to start a send."""


class Delivery:
    """Sends the messages of one ``DispatchRequest``."""

    def __init__(
        self,
        pool: Pool,
        gateway: Gateway,
        request: DispatchRequest,
        content: PageContent,
        assembler: EmailAssembler,
        health: Health,
        slots: GatewaySlots,
        window: StartWindow,
        clock: DatabaseClock,
        addresses: SenderAddresses | None = None,
        *,
        gateway_type: str = "",
        is_rerun: bool = False,
    ) -> None:
        """``addresses``: what its emails are from; ``None``: the gateway's own address.

        ``is_rerun``: another run of this dispatch may still be running, with the slots of the route."""
        self._gateway = gateway
        self._devices = gateway if isinstance(gateway, Enqueues) else None
        self._attempt = request.attempt
        self._is_urgent = request.page.is_transactional
        self._is_behind = request.route.at_home and request.page.lane == Lane.BULK
        """Whether urgent messages overtake these on the gateway's connections, which both lanes share."""
        self._route = request.route
        self._exempt = request.page.exempt
        self._channel = Channel(request.page.channel)
        self._calls = GatewayCalls(gateway, request, gateway_type)
        self._page_id = UUID(request.page.page_id)
        self._content = content
        self._assembler = assembler
        self._health = health
        self._links = MessageLinks(pool, self._page_id, content)
        self._reply_window = ReplyWindow(pool, clock, gateway, request, content)
        self._languages = TemplateLanguages(pool, UUID(self._route.gateway_id), content)
        self._gateway_slots = slots
        self._window = window
        self._clock = clock
        self._addresses = addresses
        self._rate_slots = RateSlots(
            pool, clock, slots.pace, request.route, came_with_route=not (request.route.takes_slots or is_rerun)
        )
        self._todo = list(request.route.indexes)
        self._attempts = Attempts(pool, request)
        self._tally = OutcomeTally(slots)
        self._log = OutcomeLog(self._attempts.write, slots)
        self._sends: set[asyncio.Task[None]] = set()
        self._foreign: list[int] = []
        self._withheld: list[int] = []
        """Messages of accounts that are not active, or whose guards stop them."""
        self._is_probing = False
        """Whether its one message may be sent although the gateway failed just now."""

    async def take_over(self) -> None:
        """Classify what an earlier run of this dispatch left: done, unknown, in flight, or still to send."""
        earlier = await self._attempts.earlier(self._todo)
        await self._settle_earlier(earlier)
        self._todo = [index for index in self._todo if index not in earlier]

    async def _settle_others(self) -> None:
        """Settle the sends of other runs; wait for the answers of runs that are alive."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while self._foreign:
            indexes, self._foreign = self._foreign, []
            earlier = await self._attempts.earlier(indexes)
            withdrawn = [index for index in indexes if index not in earlier]
            self._tally.requeue("not_started", withdrawn, "another run of this dispatch handed them back")
            await self._settle_earlier(earlier, is_late=time.monotonic() > deadline)
            if self._foreign:
                await asyncio.sleep(_LOOK_AGAIN)

    async def _settle_earlier(self, earlier: Mapping[int, str | None], *, is_late: bool = False) -> None:
        """Settle messages that other runs have intents for, but those in flight only when their time is over."""
        in_doubt: list[attempts.Attempted] = []
        for index, outcome in earlier.items():
            if outcome == UNDER_WAY:
                if not is_late:
                    self._foreign.append(index)
                    continue
                outcome = None
            if outcome is None and self._devices is not None:
                await self._enqueue_again(index)
                continue
            unknown = Unknown("the worker died while the gateway was answering")
            if outcome is None:
                in_doubt.append(self._attempts.row(index, unknown))
            if outcome in (None, "unknown"):
                self._record_outcome(index, unknown)
            elif outcome == "gateway_down":
                self._tally.requeue("gateway_down", [index], "another run of this dispatch met it")
            elif outcome == "retry_later":
                self._record_outcome(index, RetryLater(None, "another run of this dispatch met it"))
        if in_doubt:
            await self._attempts.write(in_doubt)

    async def _enqueue_again(self, index: int) -> None:
        """A message may wait for a phone already, or be with one: then this changes nothing."""
        put = await self._enqueue(self._content.outbound(self._page_id, self._channel, index))
        self._record_outcome(index, put)
        if not isinstance(put, AwaitsDevice):
            await self._attempts.write([self._attempts.row(index, put)])

    async def run(self) -> list[Retry]:
        """Send all; returns the messages to retry.

        Raises:
            NoSlotFree: nothing was started, because enough other dispatches wait for this gateway: run again later.
        """
        with self._attempts.registered():
            return await self._run()

    @property
    def worst(self) -> SearchedBy:
        """Of its outcomes that stay, by which the page's workflow is found."""
        return self._tally.worst

    async def _run(self) -> list[Retry]:
        async with self._log:
            try:
                if self._todo:  # else an earlier run has sent them all: there is no turn to wait for
                    async with self._gateway_slots.launching(self._must_stop, may_refuse=self._is_untouched):
                        await self._launch()
            except asyncio.CancelledError:
                for send in self._sends:
                    send.cancel()
                raise
            finally:  # record the answers that have come by now
                await asyncio.gather(*self._sends, return_exceptions=True)
        await self._settle_others()
        await self._attempts.settle_late()
        if self._tally.failures_in_a_row:
            await self._health.fails(self._tally.failures_in_a_row, self._tally.last_failure)
        elif self._tally.answered:
            await self._health.works()
        return self._tally.again()

    async def _launch(self) -> None:
        if self._route.waits_for == "retry_pause":
            await self._clock.adjust()
            await asyncio.sleep(min(self._route.start_at - self._clock.now(), _LONGEST_PAUSE))
        await self._links.prepare(self._todo)
        await self._reply_window.prepare(self._todo)
        await self._languages.prepare()
        todo = deque(self._todo)
        if self._route.probe and todo and not await self._probe(todo):
            return
        rate = self._route.per_second
        size = max(1, min(_SLICE, self._gateway_slots.in_flight.size, int(rate / 4) if rate else _SLICE))
        while todo and await self._launch_slice(todo, size):
            pass

    async def _probe(self, todo: deque[int]) -> bool:
        """Send one message and wait for its outcome. Returns whether others may follow."""
        self._is_probing = True
        while not self._sends:  # its slot may pass, or the message may have ended: then try the next one
            if not todo or not await self._launch_slice(todo, 1):
                return False
        await asyncio.gather(*self._sends)
        self._is_probing = False
        if not self._tally.answered:
            reason = self._tally.last_failure or "the gateway did not answer its probe"
            self._tally.requeue("held_back", todo, reason)
            await self._health.fails(1, reason)
            return False
        await self._health.works()
        return True

    async def _launch_slice(self, todo: deque[int], most: int) -> bool:
        """Launch the next few. Returns whether more may follow; if not, the remaining ones have been requeued."""
        size = await self._get_ready(min(most, len(todo)))
        if not size:
            await self._requeue_unstarted(todo)
            return False
        begun = time.monotonic()
        held = deque(await self._claim([todo.popleft() for _ in range(size)]))
        launched = []
        while held and (send := await self._launch_one(held[0])):
            launched.append(send)
            held.popleft()
        todo.extendleft(reversed(await self._withdraw(held)))
        if self._withheld:  # those after them may not be sent either: choose_gateway decides
            await self._rate_slots.give_back()
            self._tally.requeue("not_started", [*self._withheld, *todo], "their account holds them back")
            return False
        if self._gateway_slots.throttle:
            await self._gateway_slots.throttle.rest(begun, launched, self._must_stop)
        return True

    async def _get_ready(self, wanted: int) -> int:
        """Wait until messages may be started: how many, up to ``wanted``; 0: no more.

        Raises:
            NoSlotFree: as for ``run``.
        """
        await self._rate_slots.come_near(self._must_stop)
        if self._must_stop() or self._log.broken:
            return 0
        if not await self._log.take_slots(wanted, self._must_stop, may_refuse=self._is_untouched):
            return 0
        ready = await self._rate_slots.hold(wanted, self._window.seconds_left, self._must_stop)
        if self._must_stop() or self._log.broken:
            ready = 0
        elif not ready and self._route.takes_slots and self._is_untouched and self._window.seconds_left > _SLOTS_FAR:
            raise NoSlotFree(_SLOTS_FAR)  # its page would retry at once: urgent messages hold all slots for a long time
        self._log.give_back(wanted - ready)
        return ready

    @property
    def _is_untouched(self) -> bool:
        """Whether this run has no results yet that a later run would lack."""
        return not self._sends and not self._foreign and len(self._todo) == len(self._route.indexes)

    async def _requeue_unstarted(self, indexes: Iterable[int]) -> None:
        await self._rate_slots.give_back()
        if self._gateway_slots.is_closed and not self._is_probing:
            self._tally.requeue("held_back", indexes, self._gateway_slots.last_failure)
            # At once, not after the last answer in flight: other pages shall not try this gateway now.
            await self._health.fails(self._tally.failures_in_a_row, self._tally.last_failure)
        elif self._must_stop():
            self._tally.requeue("not_started", indexes, "the dispatch was stopped, or its time was over")
        else:
            self._tally.requeue("not_started", indexes, "their rate slots passed before they could leave")

    def _must_stop(self) -> bool:
        return self._window.is_closed or (self._gateway_slots.is_closed and not self._is_probing)

    async def _claim(self, indexes: Sequence[int]) -> list[int]:
        """Write intents. Returns the messages that this run may send."""
        if marketing := self._content.marketing(indexes):
            await self._attempts.cancel_opted_out(marketing)
        if self._route.judged_at:
            await self._clock.adjust()
        claim = await self._attempts.claim(indexes, self._clock.now())
        self._withheld += [index for index in indexes if index in claim.withheld]
        # Another run is alive after all: it keeps the messages that it claimed.
        self._foreign += [index for index in indexes if index in claim.taken]
        self._log.give_back(len(indexes) - len(claim.claimed))
        return [index for index in indexes if index in claim.claimed]

    async def _withdraw(self, indexes: Sequence[int]) -> list[int]:
        """Take back intents of messages that are not sent now. Returns those to send later."""
        if not indexes:
            return []
        free = await self._attempts.withdraw(indexes)
        self._log.give_back(len(free))
        self._set_aside([index for index in indexes if index not in free])
        return [index for index in indexes if index in free]

    def _set_aside(self, indexes: Sequence[int]) -> None:
        self._foreign += indexes
        self._log.give_back(len(indexes))

    async def _launch_one(self, index: int) -> "asyncio.Task[None] | None":
        """Wait until a message may be sent, and start it; ``None``: it may not, or not in this slot."""
        extras = self._extras(index)
        held = (
            await self._gateway_slots.memory.take(extras.file_bytes, self._must_stop) if extras and extras.files else 0
        )
        if held is None:
            return None
        if not await self._rate_slots.use_next(self._must_stop):
            self._gateway_slots.memory.leave(held)
            return None
        send = asyncio.create_task(self._send(index))
        if held:
            send.add_done_callback(lambda _: self._gateway_slots.memory.leave(held))
        self._sends.add(send)
        return send

    async def _send(self, index: int) -> None:
        sent_as: SentAs | None = None
        outcome: Outcome
        try:
            message = self._content.outbound(self._page_id, self._channel, index)
            if self._is_behind:
                message = replace(message, bulk=True)
            message, sent_as = self._reply_window.fit(index, message)
            handed = await self._hand_over(index, message)
            if isinstance(handed, AwaitsDevice):  # its intent stays open until a phone reports
                self._record_outcome(index, handed)
                self._log.give_back()
                return
            outcome = handed
        except _NotBegunError:
            await self._requeue_unstarted(await self._withdraw([index]))
            return
        except TimeoutError:
            outcome = Unknown(f"no answer within {ANSWER_SECONDS:g} s", silent=True)
        except AttachmentExpired:
            outcome = Refused("attachment_gone", "an attachment is no longer stored")
        except FromRefused as error:
            outcome = Refused(error.code, error.reason)
        except Exception as error:  # an adapter's bug: whether it had sent the message is unknown
            outcome = Unknown(f"the gateway's adapter failed: {type(error).__name__}: {error}")
        outcome = self._reply_window.judge(outcome, sent_as)
        self._record_outcome(index, outcome)
        self._log.add(self._reply_window.note(index, self._attempts.row(index, outcome), sent_as))

    async def _hand_over(self, index: int, message: Outbound) -> Outcome | AwaitsDevice:
        message = self._links.fill(index, self._languages.fit(message))
        if self._addresses is not None:
            message = self._addresses.apply(index, message)
        if extras := self._extras(index):
            message = await self._assembler.complete(message, extras, self._utm(index), exempt=self._exempt)
        if self._window.is_past:
            raise _NotBegunError
        async with asyncio.timeout(ANSWER_SECONDS):
            if self._devices is not None:
                return await self._enqueue(message)
            return await self._calls.send(index, message)

    async def _enqueue(self, message: Outbound) -> Outcome | AwaitsDevice:
        assert self._devices is not None
        return await self._devices.enqueue(message, self._attempt, urgent=self._is_urgent)

    def _extras(self, index: int) -> MailExtras | None:
        return self._content.contents[self._content.messages[index].content].mail

    def _utm(self, index: int) -> Utm:
        return self._content.contents[self._content.messages[index].content].utm

    def _record_outcome(self, index: int, outcome: Outcome | AwaitsDevice) -> None:
        self._tally.record(index, outcome, self._content.messages[index].on_unknown or self._route.on_unknown)
