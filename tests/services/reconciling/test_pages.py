"""What is decided on a page, from what its workflow and the rows say."""

from dataclasses import replace
from uuid import UUID, uuid4

from domain.ids import message_uid, new_page_id
from domain.messages.page import Carried, PageHeader, Turn
from services.reconciling.page_history import PageHistory, Try
from services.reconciling.pages import Act, plan_page
from store.reconciling.restored import Recorded

PAGE = new_page_id()
HEADER = PageHeader(str(PAGE), 7, "sms", 3)
RUNNING = PageHistory(HEADER, b"", is_running=True, is_completed=False, last_at=200.0, was_begun=True)
TRIED = Try(1, uuid4())
SINCE = 100.0


def recorded(*states: str, credit: str = "held") -> list[Recorded]:
    return [Recorded(message_uid(PAGE, index), state, credit) for index, state in enumerate(states)]


def plan(page: PageHistory, rows: list[Recorded], accounts: set[int] | None = None):
    return plan_page(PAGE, page, rows, frozenset({7} if accounts is None else accounts), SINCE)


def test_a_page_of_which_nothing_was_written_since_is_left_alone():
    old = replace(RUNNING, last_at=99.0, may_have_left={0: TRIED})
    assert not plan(old, recorded(*["queued"] * 3)).changes
    assert not plan(old, []).changes, "its rows were removed before the backup"


def test_a_page_that_no_worker_had_records_its_messages_itself():
    assert not plan(replace(RUNNING, was_begun=False), []).changes


def test_what_may_have_left_is_unknown_and_the_rest_goes_on():
    found = plan(replace(RUNNING, may_have_left={0: TRIED, 1: TRIED}), recorded("sent", "queued", "scheduled"))
    assert (found.act, found.accounts, dict(found.unknown), found.waiting) == (Act.RESTART, None, {1: TRIED}, [2])


def test_messages_that_are_missing_are_recorded_and_judged_likewise():
    page = replace(RUNNING, may_have_left={0: TRIED}, ended={1: ("cancelled", "cancelled", "")}, due={2: 300.0})
    found = plan(page, [])
    assert (found.act, found.accounts, found.missing) == (Act.RESTART, {7}, 3)
    assert (dict(found.unknown), list(found.ended), found.waiting) == ({0: TRIED}, [1], [2])
    assert found.due == {2: 300.0}


def test_nothing_goes_on_of_a_page_that_has_ended_by_itself():
    found = plan(replace(RUNNING, is_running=False, is_completed=True), recorded("scheduled", "sent", "rejected"))
    assert (found.act, list(found.ended), found.waiting) == (Act.NOTHING, [0], [])
    assert found.ended[0][0] == "failed"


def test_what_an_operator_ended_is_left_to_the_sweep():
    found = plan(replace(RUNNING, is_running=False), recorded(*["queued"] * 3))
    assert not found.changes


def test_a_page_whose_content_or_account_is_gone_is_lost():
    of_batch = replace(RUNNING, header=replace(HEADER, stored=True))
    for found in (plan(of_batch, []), plan(RUNNING, [], set())):
        assert (found.act, found.accounts, found.missing) == (Act.LOST, None, 3)


def test_a_page_of_a_batch_that_was_started_since_holds_its_credits_first():
    page = replace(RUNNING, header=replace(HEADER, stored=True), may_have_left={0: TRIED})
    found = plan(page, recorded(*["queued"] * 3, credit="pending"))
    assert (found.accounts, list(found.unknown), found.waiting) == ({7}, [0], [1, 2])


def test_a_page_that_waits_for_fallbacks_alone_goes_on_unless_it_looked_for_them_since():
    final = recorded("sent", "sent", "sent")
    assert not plan(RUNNING, final).changes
    assert plan(replace(RUNNING, followed_at=150.0), final).act is Act.STOP


def test_messages_that_an_earlier_run_did_not_carry_over_may_have_left():
    turns = [(Turn(), [1]), (Turn(pinned=str(UUID(int=1))), [2])]
    page = replace(RUNNING, header=replace(HEADER, carried=Carried(1.0, turns)), may_have_left={})
    page.follow_carried()
    assert sorted(page.may_have_left) == [0, 2], "a try that is repeated may have been sent the first time"


def test_a_page_that_was_started_again_is_in_step():
    header = replace(HEADER, carried=Carried(1.0, [(Turn(), [1])]))
    page = replace(RUNNING, header=header, was_begun=False, may_have_left={})
    page.follow_carried()
    assert not plan(page, recorded("unknown", "queued", "cancelled")).changes
