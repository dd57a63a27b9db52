"""send_at_once: all steps of a page in one, where nothing but the gateways' answers is to be waited for."""

from collections.abc import Sequence
from dataclasses import replace

from temporalio import activity

from activities.check_credit import CheckCredit
from activities.choose_gateway import ChooseGateway
from activities.dispatching.dispatch import Dispatch
from activities.record_status import RecordStatus
from domain.messages.page import (
    DispatchRequest,
    DispatchResult,
    PageHeader,
    RecordRequest,
    Route,
    RouteRequest,
    SentAtOnce,
)
from domain.messages.page_content import PageContent


class SendAtOnce:
    """check_credit, choose_gateway, dispatch and record_status of a page's first round, each as it is by itself.

    One activity costs a workflow a third of what four do (docs/decisions/0020-sent-at-once.md).
    """

    def __init__(self, credit: CheckCredit, choice: ChooseGateway, dispatch: Dispatch, record: RecordStatus) -> None:
        self._credit = credit
        self._choice = choice
        self._dispatch = dispatch
        self._record = record

    @activity.defn(name="send_at_once")
    async def send_at_once(self, page: PageHeader, content: bytes) -> SentAtOnce:
        """Hold credits and choose gateways; then send, as far as the gateways answer in the page's time for it.

        All of it is safe to repeat, as its parts are.
        """
        assert page.limits is not None
        refused = await self._credit.check_credit(page, content)
        result = SentAtOnce(refused)
        if left := sorted(set(range(page.size)).difference(refused)):
            request = RouteRequest(page, left, attempt=1)
            routing = await self._choice.choose(request, lambda: PageContent.decode(content))
            result = replace(result, routing=routing, ended=await self._send(page, content, routing.routes))
        if refused or any(result.ended):
            result = replace(result, endpoints=await self._record.record_status(RecordRequest(page.page_id)))
        return result

    async def _send(self, page: PageHeader, content: bytes, routes: Sequence[Route]) -> list[DispatchResult | None]:
        """All routes or none: the dispatch of one would wait for the others, and its rate slots would pass.

        Only those that another process sends through may be left to their dispatches: these lose half a second.
        """
        assert page.limits is not None
        if any(route.waits_for or route.per_second or route.probe for route in routes):
            return []
        if all(route.at_home for route in routes):
            return []
        brief = page.brief()
        requests = [DispatchRequest(brief, route, attempt=1, at_once=True) for route in routes]
        return await self._dispatch.at_once(requests, content, page.limits.at_once)
