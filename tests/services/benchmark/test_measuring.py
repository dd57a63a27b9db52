"""``xsender benchmark``: what it measures of a real install, and what it says of one that does not work."""

import pytest

from domain.access.actors import COMMAND_LINE
from services.benchmark import measuring
from services.benchmark.client import open_client
from services.benchmark.key import benchmark_key
from services.benchmark.measuring import SMALLEST_BATCH, Sizes, measure
from services.benchmark.stages import LIMITS, Stage, Verdict, rate, timed
from store.accounts import api_keys
from tests.faults.promise import asked
from tests.stack import Stack, new_namespace, run_stack

SIZES = Sizes(alone=3, loaded=20, connections=4, batch=SMALLEST_BATCH, reads=8)


async def _measured(stack: Stack, sizes: Sizes = SIZES) -> dict[str, Stage]:
    async with (
        benchmark_key(stack.pool, stack.keyring, COMMAND_LINE) as key,
        open_client(stack.url, key) as client,
    ):
        return {stage.name: stage async for stage in measure(stack.pool, client, sizes, lambda _: None)}


async def test_each_stage_of_the_way_is_measured(stack: Stack):
    stages = await _measured(stack)
    assert stages.keys() == LIMITS.keys() | {"accepted, under load", "accepted and sent, under load", "batch"}
    assert {stage.verdict for stage in stages.values()} <= {Verdict.PASS, Verdict.WARN}
    assert all(stage.figure > 0 for stage in stages.values())


async def test_messages_of_a_benchmark_are_test_messages_of_an_account_of_its_own(stack: Stack):
    async with benchmark_key(stack.pool, stack.keyring, COMMAND_LINE) as key, open_client(stack.url, key) as client:
        stages = [one async for one in measure(stack.pool, client, Sizes(1, 2, 1, SMALLEST_BATCH, 4), lambda _: None)]
    assert Verdict.FAIL not in {one.verdict for one in stages}
    rows = await asked(
        stack,
        """select distinct m.test, m.credit from messages m join accounts a on a.id = m.account_id
           where a.external_id = %s""",
        "xsender-benchmark",
    )
    assert rows == [(True, "free")]
    [(valid,)] = await asked(
        stack,
        """select count(*) from api_keys k join accounts a on a.id = k.account_id
           where a.external_id = %s and k.revoked_at is null""",
        "xsender-benchmark",
    )
    assert valid == 0, "its key is valid while it runs, no longer"


async def test_an_install_without_workers_fails(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measuring, "_PATIENCE", 0.5)
    away = {"temporal_namespace": await new_namespace(stack.settings.temporal_address)}
    async with run_stack(stack.settings.model_copy(update=away), worker=False) as without:
        stages = await _measured(without, Sizes(2, 2, 1, SMALLEST_BATCH, 4))
    assert stages["sent, alone"].verdict is Verdict.FAIL
    assert "not ended" in stages["sent, alone"].text


async def test_a_key_that_is_refused_fails_with_the_answer(stack: Stack):
    key = await api_keys.create(stack.pool, api_keys.KeyKind.TEST, (await stack.user()).id)
    async with open_client(stack.url, key.text + "x") as client:
        stages = {one.name: one async for one in measure(stack.pool, client, SIZES, lambda _: None)}
    assert stages["answered, alone"].verdict is Verdict.FAIL
    assert stages["answered, alone"].text.startswith("401")


def test_what_is_slow_is_a_warning_that_says_where_to_look():
    slow = timed("status read", [0.01] * 90 + [9.0] * 10)
    assert (slow.verdict, slow.figure) == (Verdict.WARN, 9000)
    assert slow.remedy
    assert timed("status read", [0.01] * 100).verdict is Verdict.PASS
    assert rate("batch", 1000, 10.0, 250, "look there").remedy == "look there"
    assert rate("batch", 1000, 1.0, 250, "look there").verdict is Verdict.PASS
