"""Messages, runs of automations and leads that failed, in one list by their causes; and begun anew."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.access.actors import COMMAND_LINE
from domain.audience.contacts.contact import new_contact_id
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.messages.statuses import State
from services.automations.flows import Flows
from services.automations.results import retrying
from services.changes import change
from services.failures.causes import FailureCause, find_causes
from services.failures.kinds import KINDS, Kind, Within, kind_of
from services.failures.replaying import Leads, Runs, replay_leads, replay_runs
from services.failures.showing import show
from services.leads.replaying import filter_of
from services.messages.search import Search
from store.automations import automations, runs
from store.automations.automations import Version
from store.automations.runs import Run
from store.failures import leads as failed_leads
from store.failures import runs as failed_runs
from store.pool import Pool
from tests.leads_made import new_lead, new_source
from tests.store.builders import held, new_account, new_page, set_states

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Account:
    """Somebody with an automation that was published."""

    pool: Pool
    id: int
    automation: UUID
    key: str

    async def failed_run(self, code: str = "missing_field", ago: float = 60.0, **columns: Any) -> UUID:
        """A run that failed some seconds ago."""
        run = Run(new_contact_id(), self.automation, self.id, uuid4(), 1, "", "manual", {}, {}, NOW)
        await runs.add(self.pool, [run])
        given = {"state": "failed", "step": "one", "reason": code, "ended_at": NOW - timedelta(seconds=ago)} | columns
        async with self.pool.connection() as conn:
            for name, value in given.items():
                await conn.execute(f"update automation_runs set {name} = %s where id = %s", (value, run.id))
        return run.id

    async def causes(self, *kinds: Kind, within: Within | None = None, **given: Any) -> list[FailureCause]:
        search = Search(user=self.id, **given)
        found = await find_causes(self.pool, search, within or Within(), 100, kinds or KINDS)
        return list(found.causes)


@pytest.fixture
async def account(fresh_pool: Pool) -> Account:
    """In a database without workers, which would begin with what is begun anew."""
    return await with_automation(fresh_pool)


async def with_automation(pool: Pool) -> Account:
    id_, key = await new_account(pool, 100), f"a{uuid4().hex}"
    flow = {"schema": "xsender.flow/1", "key": key, "name": "Welcome", "trigger": {"kind": "manual"}}
    flow |= {"steps": [{"id": "one", "kind": "wait", "for": "1d"}]}
    made = await automations.add(pool, new_contact_id(), id_, flow)
    await automations.publish(pool, made.id, Version(1, 1, flow, "", {}, NOW))
    return Account(pool, id_, made.id, key)


async def replayed_runs(account: Account, within: Within | None = None, *, dry: bool = False, **given: Any) -> Runs:
    search = Search(**{"user": account.id} | given)
    async with change(account.pool, COMMAND_LINE, "runs.replayed", dry_run=dry) as made:
        return await replay_runs(made, Flows(), search, within or Within(), is_dry=dry)


async def replayed_leads(pool: Pool, user: int | None, *, dry: bool = False, **given: Any) -> Leads:
    async with change(pool, COMMAND_LINE, "leads.replayed", dry_run=dry) as made:
        return await replay_leads(made, Search(user=user, **given), Within(), is_dry=dry)


def brief(causes: list[FailureCause]) -> list[tuple[Any, ...]]:
    return [(one.kind, one.code, one.count) for one in causes]


async def test_failures_of_all_kinds_are_one_list_with_counts_and_a_sample(account: Account):
    pool = account.pool
    page = new_page(account.id, [1] * 4)
    await held(pool, page)
    await set_states(pool, page.uids, State.FAILED)
    failed = [await account.failed_run(ago=ago) for ago in (30, 20, 10)]
    await account.failed_run(ago=2 * 86_400)
    source = await new_source(pool, account.id)
    code = {"code": "no_address", "why": "there is no address", "ended_at": NOW}
    lead = await new_lead(pool, source, state="invalid", **code)
    old = NOW - timedelta(days=3)
    parked = [await new_lead(pool, source, state="parked", code="token", received_at=old) for _ in range(2)]
    found = await account.causes()
    assert [(one.kind, one.count, one.sample) for one in found] == [
        ("message", 4, found[0].sample),
        ("run", 3, failed[-1]),
        ("lead", 2, parked[-1]),
        ("lead", 1, lead),
    ]
    _, run, waits, invalid = found
    assert (run.user_id, run.automation, run.step, run.code) == (account.id, account.key, "one", "missing_field")
    assert (waits.state, waits.lead_source, waits.code) == ("parked", source.key, "token")
    assert (invalid.state, invalid.reason, invalid.lead_source) == ("invalid", "there is no address", source.key)
    assert brief(await account.causes("run")) == [("run", "missing_field", 3)]
    assert brief(await account.causes(automation=account.key)) == [("run", "missing_field", 3)]
    assert brief(await account.causes(lead_source=source.key, code="no_address")) == [("lead", "no_address", 1)]
    assert brief(await account.causes(states=["parked"])) == [("lead", "token", 2)]
    assert brief(await account.causes(states=["failed"])) == [("message", found[0].code, 4)]
    assert await account.causes("run", "lead", gateway="acme") == [], "they have no gateway"
    assert await account.causes("run", step="other") == []
    earlier = Within(NOW - timedelta(days=4), NOW - timedelta(days=1))
    assert brief(await account.causes("run", within=earlier)) == [("run", "missing_field", 1)]
    later = Within(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert await account.causes(within=later) == [], "parked ones came before"
    assert await (await with_automation(pool)).causes() == [], "what is another's"


async def test_of_many_the_latest_are_counted(account: Account, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(failed_runs, "MOST_COUNTED", 2)
    monkeypatch.setattr(failed_leads, "MOST_COUNTED", 2)
    for ago in (30, 20, 10):
        await account.failed_run(ago=ago)
    found = await find_causes(account.pool, Search(user=account.id), Within(), 100, KINDS)
    assert [(one.count, one.first_at) for one in found.causes] == [(2, found.counted_since)]
    assert found.counted_since == NOW - timedelta(seconds=20)
    assert not (await replayed_runs(account, dry=True)).is_complete


async def test_runs_that_match_go_on_and_a_dry_run_changes_nothing(account: Account):
    await account.failed_run()
    await account.failed_run("unreachable")
    await account.failed_run(ago=2 * 86_400)
    dry = await replayed_runs(account, dry=True, automation=account.key)
    assert (dry.runs, dry.retries, dry.is_complete) == (2, [], True)
    assert len(await account.causes()) == 2
    done = await replayed_runs(account, code="unreachable")
    ((user, key, retry),) = [(one.user_id, one.automation, one.retry) for one in done.retries]
    assert (user, key, retry.total, retry.wanted["code"]) == (account.id, account.key, 1, "unreachable")
    async with change(account.pool, COMMAND_LINE, "automation.retry_stopped") as made:
        assert (await retrying.stop_any(made, retry.id)).state == "stopped"
        assert [(target.type, target.id) for target in made.targets] == [("automation", account.key)]
        with pytest.raises(ConflictError, match="has ended"):
            await retrying.stop_any(made, retry.id)
    assert (await replayed_runs(account, code="other")).runs == 0
    async with account.pool.connection() as conn:
        await conn.execute("update automations set state = 'archived' where id = %s", (account.automation,))
    left = await replayed_runs(account)
    assert (left.runs, dict(left.left_out)) == (0, {"automation_archived": 2})


async def test_one_run_goes_on_whenever_it_failed(account: Account):
    run = await account.failed_run(ago=9 * 86_400)
    assert await kind_of(account.pool, run, None) == "run"
    assert await kind_of(account.pool, run, account.id + 1) == "message", "it is another's"
    shown = await show(account.pool, run)
    assert (shown["kind"], shown["automation"], shown["state"]) == ("run", account.key, "failed")
    with pytest.raises(NotFoundError, match="there is no run"):
        await replayed_runs(account, uid=run, user=account.id + 1)
    assert (await replayed_runs(account, uid=run, dry=True)).runs == 1
    assert (await replayed_runs(account, uid=run)).runs == 1
    with pytest.raises(ConflictError, match="did not fail"):
        await replayed_runs(account, uid=run)


async def test_leads_that_match_are_taken_again_by_an_operation_for_each_account(fresh_pool: Pool):
    pool = fresh_pool
    accounts = [await new_account(pool) for _ in range(2)]
    made = [await new_source(pool, account, "meta", page_id=uuid4().hex) for account in accounts]
    code = uuid4().hex
    for source in made:
        await new_lead(pool, source, "webhook", state="failed", code=code, ended_at=NOW)
        await new_lead(pool, source, "webhook", state="failed", code=code, ended_at=NOW - timedelta(days=2))
    await new_lead(pool, made[0], state="parked", code=code)
    form = await new_source(pool, accounts[0])
    lost = await new_lead(pool, form, state="gone", code=code, ended_at=NOW)
    dry = await replayed_leads(pool, None, dry=True, code=code)
    assert (dry.leads, dry.operations) == (2, [])
    assert dict(dry.left_out) == {"source_parked": 1, "lead_not_kept": 1}
    done = await replayed_leads(pool, None, code=code)
    assert sorted(one.account_id or 0 for one in done.operations) == accounts
    wanted = filter_of(done.operations[0].input)
    assert (wanted.code, wanted.states) == (code, ("failed", "gone", "invalid"))
    assert wanted.ended_after is not None
    assert wanted.ended_after > NOW - timedelta(days=2)
    only = await replayed_leads(pool, accounts[1], dry=True, code=code, lead_source=made[1].key)
    assert (only.leads, dict(only.left_out)) == (1, {"source_parked": 0, "lead_not_kept": 0})
    with pytest.raises(ConflictError, match="kept no more"):
        await replayed_leads(pool, None, uid=lost)
    assert (await show(pool, lost))["lead_source"] == form.key


async def test_filters_that_are_not_about_the_kind_are_refused(account: Account):
    with pytest.raises(InvalidError, match="a run is not found by gateway"):
        await replayed_runs(account, gateway="acme")
    with pytest.raises(InvalidError, match="a lead is not found by step"):
        await replayed_leads(account.pool, None, step="one")
    with pytest.raises(InvalidError, match="leads that are done did not fail"):
        await replayed_leads(account.pool, None, states=["done"])
    with pytest.raises(NotFoundError, match="There is no message, run or lead"):
        await show(account.pool, new_contact_id())
