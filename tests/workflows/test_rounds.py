"""What a page makes of what its gateways do: another gateway, another try, an end."""

import asyncio

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.limits import PAGE_LIMITS
from domain.messages.page import DispatchResult, NoRoute, RecordRequest, Retry, Routing
from tests.workflows.script import (
    CONTENT,
    Script,
    acting,
    again,
    all_done,
    given_up,
    now,
    parked,
    route,
    slot_in,
    start,
    through,
)


async def test_a_page_goes_to_its_gateway_in_one_piece(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        page = await start(env, size=500)
        await page.handle.result()
    assert [request.indexes for request in script.asked] == [list(range(500))]
    assert [request.route.indexes for request in script.sent] == [list(range(500))]
    assert script.contents == [CONTENT]
    assert script.records == [RecordRequest(str(page.id))]


async def test_refused_messages_do_not_leave(env: WorkflowEnvironment):
    async with acting(Script(env, refused=[0, 2])) as script:
        page = await start(env, size=3, due=[0, 0, await now(env) + 86_400])
        await page.handle.result()
    assert [request.route.indexes for request in script.sent] == [[1]]


async def test_a_page_that_is_refused_as_a_whole_ends_at_once(env: WorkflowEnvironment):
    async with acting(Script(env, refused=[0, 1])) as script:
        page = await start(env, size=2)
        await page.handle.result()
    assert script.asked == []
    assert [record.endings for record in script.records] == [[]], "nothing to write, but perhaps somebody to tell"


async def test_what_met_a_gateway_that_is_down_goes_to_the_next(env: WorkflowEnvironment):
    def half(request):
        return DispatchResult([Retry("gateway_down", [1], reason="500"), Retry("held_back", [2, 3], reason="500")])

    script = Script(env, routings=[through("a"), through("b")], dispatches=[half, all_done])
    async with acting(script):
        page = await start(env, size=4)
        await page.handle.result()
    assert script.asked[0].excluded == []
    assert sorted((r.indexes, r.attempt, r.excluded) for r in script.asked[1:]) == [
        ([1], 2, ["id-a"]),
        ([2, 3], 1, ["id-a"]),  # not tried yet, so this is still their first try
    ]
    assert {r.route.gateway for r in script.sent[1:]} == {"b"}


async def test_a_message_comes_back_after_the_time_its_gateway_asked_for(env: WorkflowEnvironment):
    script = Script(env, dispatches=[again("retry_later", 3600), all_done])
    async with acting(script):
        page = await start(env)
        await page.handle.result()
    assert [r.attempt for r in script.asked] == [1, 2]
    assert 3600 <= script.sent_at[1] - script.sent_at[0] < 3630


async def test_tries_without_a_stated_wait_are_further_and_further_apart(env: WorkflowEnvironment):
    script = Script(env, dispatches=[again("retry_later")])
    async with acting(script):
        page = await start(env)
        await page.handle.result()
    gaps = [round(b - a) for a, b in zip(script.sent_at, script.sent_at[1:], strict=False)]
    assert gaps == pytest.approx([1, 2, 4, 8, 16, 32, 60], abs=1.0)
    assert script.endings() == {0: ("failed", "attempts_exhausted")}
    assert [r.attempt for r in script.asked] == list(range(1, PAGE_LIMITS.attempts + 1))


async def test_probes_of_a_gateway_do_not_use_up_a_messages_tries(env: WorkflowEnvironment):
    probes = PAGE_LIMITS.attempts + 3
    script = Script(env, routings=[through("a", probe=True)], dispatches=[*[again("gateway_down")] * probes, all_done])
    async with acting(script):
        page = await start(env)
        await page.handle.result()
    assert len(script.sent) == probes + 1
    assert script.endings() == {}


async def test_a_parked_page_asks_again_after_the_pause_and_all_gateways_count_anew(env: WorkflowEnvironment):
    script = Script(
        env, routings=[through("a"), parked(300), through("a")], dispatches=[again("gateway_down"), all_done]
    )
    async with acting(script):
        page = await start(env)
        await page.handle.result()
    assert [r.excluded for r in script.asked] == [[], ["id-a"], []]
    assert 300 <= script.sent_at[1] - script.sent_at[0] < 330


async def test_a_breaker_whose_pause_is_over_by_another_clock_is_not_asked_in_a_circle(env: WorkflowEnvironment):
    script = Script(env, routings=[*[parked(-5)] * 5, through()])
    async with acting(script):
        begun = await now(env)
        page = await start(env)
        await page.handle.result()
    assert script.sent_at[0] - begun >= 5 * PAGE_LIMITS.shortest_park


async def test_a_message_that_no_gateway_takes_in_a_day_expires(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[parked(300)])) as script:
        begun = await now(env)
        page = await start(env)
        await page.handle.result()
        ended = (await page.handle.describe()).close_time  # the server may have skipped on since
    assert script.endings() == {0: ("expired", "gateway_down")}
    assert PAGE_LIMITS.wait - 301 <= ended.timestamp() - begun < PAGE_LIMITS.wait + 300


async def test_each_message_expires_a_day_after_it_was_due(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[parked(3000)])) as script:
        begun = await now(env)
        page = await start(env, size=2, due=[0.0, begun + 5 * PAGE_LIMITS.wait])
        async with asyncio.timeout(10):
            while not script.endings():
                await env.sleep(3000)
        assert script.endings() == {0: ("expired", "gateway_down")}
        assert await now(env) - begun < 2 * PAGE_LIMITS.wait
        await page.handle.result()
    assert set(script.endings()) == {0, 1}


async def test_a_gateway_that_asks_for_more_time_than_there_is_ends_it_at_once(env: WorkflowEnvironment):
    async with acting(Script(env, dispatches=[again("retry_later", PAGE_LIMITS.wait + 1)])) as script:
        page = await start(env)
        await page.handle.result()
    assert script.endings() == {0: ("expired", "retry_later")}


async def test_a_message_without_any_way_out_fails_with_the_reason(env: WorkflowEnvironment):
    def none(request, at):
        return Routing([route(request, indexes=[0])], none=[NoRoute([1], "no_gateway", "add one")])

    async with acting(Script(env, routings=[none])) as script:
        page = await start(env, size=2)
        await page.handle.result()
    assert script.endings() == {1: ("failed", "no_gateway")}
    assert [r.route.indexes for r in script.sent] == [[0]]


async def test_a_dispatch_that_was_given_up_is_recorded_as_lost(env: WorkflowEnvironment):
    async with acting(Script(env, dispatches=[given_up])) as script:
        page = await start(env, size=2)
        await page.handle.result()
    assert script.records == [RecordRequest(str(page.id), lost_attempt=1, lost=[0, 1])]


async def test_a_lost_answer_is_tried_again_only_where_the_first_try_went(env: WorkflowEnvironment):
    """Also when that gateway is throttled or down in between: elsewhere nobody would know the duplicate."""
    script = Script(
        env, dispatches=[again("resend"), again("retry_later", 5), again("gateway_down"), again("held_back"), all_done]
    )
    async with acting(script):
        page = await start(env)
        await page.handle.result()
    assert [r.pinned for r in script.asked] == ["", "id-a", "id-a", "id-a", "id-a"]
    assert [r.attempt for r in script.asked] == [1, 2, 3, 4, 4]


async def test_what_a_stopping_worker_left_is_sent_as_the_same_try(env: WorkflowEnvironment):
    async with acting(Script(env, dispatches=[again("not_started"), all_done])) as script:
        page = await start(env)
        await page.handle.result()
    assert [r.attempt for r in script.sent] == [1, 1]


async def test_a_slow_route_does_not_hold_back_the_others(env: WorkflowEnvironment):
    gate = asyncio.Event()

    def two_ways(request, at):
        return Routing([route(request, "slow", indexes=[0]), route(request, "fast", indexes=[1])])

    async def hold_slow(request):
        if request.route.gateway == "slow":
            await gate.wait()

    script = Script(env, routings=[two_ways], hold=hold_slow)
    async with acting(script):
        page = await start(env, size=2)
        async with asyncio.timeout(10):
            while await page.status(1) is not None:
                pass
        assert (await page.status(0)).gateway == "slow"
        assert script.records == [RecordRequest(str(page.id))]
        gate.set()
        await page.handle.result()


@pytest.mark.parametrize(
    ("routings", "dispatches", "header", "at_once"),
    [
        ([through()], [all_done], {}, [True]),
        ([through()], [all_done], {"stored": True}, [False]),
        ([slot_in(60)], [all_done], {}, [False]),
        ([parked(60), through()], [all_done], {}, [False]),
        ([through("a"), through("b")], [again("gateway_down"), all_done], {}, [True, False]),
        ([through("a"), through("b")], [again("held_back"), all_done], {}, [True, False]),
        ([through()], [again("retry_later"), all_done], {}, [True, False]),
    ],
    ids=["nothing", "a batch", "a rate slot", "a breaker", "a failure", "a neighbour's failure", "a retry"],
)
async def test_a_dispatch_knows_whether_anything_kept_its_messages(
    env: WorkflowEnvironment, routings, dispatches, header, at_once
):
    async with acting(Script(env, routings=routings, dispatches=dispatches)) as script:
        await (await start(env, **header)).handle.result()
    assert [request.at_once for request in script.sent] == at_once


async def test_scheduled_messages_are_not_sent_at_once(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        await (await start(env, size=2, due=[0.0, await now(env) + 60])).handle.result()
    assert [(request.route.indexes, request.at_once) for request in script.sent] == [([0], True), ([1], False)]
