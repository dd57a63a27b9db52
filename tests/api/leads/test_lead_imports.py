"""Files of leads of Meta and Google: each lead once, however it came, and nobody is answered by surprise."""

import asyncio
import codecs
import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import WorkflowExecutionStatus

from domain.ids import lead_workflow_id
from domain.leads.reading.file import MOST_BYTES, MOST_ROWS
from services.leads.receiving import Arrived, receive
from services.leads.starting import LeadStarter
from store.leads import leads
from tests.api.answers import assert_error
from tests.api.automations.automations import call, flow, holder, published, sms
from tests.api.leads.posted import a_source, disable, stored
from tests.leads.leads import Source, all_of, arrived, rows
from tests.segments import new_contact
from tests.stack import Stack, User

META = ["id", "created_time", "ad_id", "ad_name", "form_id", "form_name", "is_organic", "platform", "full_name"]
META += ["email", "phone_number", "lead_status"]
GOOGLE = ["Lead ID", "Campaign ID", "Form ID", "GCLID", "Submission date", "Full name", "Email", "Phone number"]


def of_meta(number: int, **cells: str) -> list[str]:
    """A row as Meta writes it."""
    email = f"ada{number}@example.com"
    row = [f"l:{number}", "2026-09-03T13:45:58+09:00", "ag:120225411063300521", "Roofs", "f:836971255412599", "Offer"]
    return [*row, "false", "ig", cells.get("name", "Ada Müller"), cells.get("email", email), "", "CREATED"]


def of_google(id_: str, email: str, day: str = "2026-09-26") -> list[str]:
    return [id_, "123", "40000000000001", "EAIaIQ", f"{day} 12:30:00", "Ada Müller", email, ""]


def table(*lines: list[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue()


async def post(stack: Stack, user: User, source: Source, content: bytes | str, **options: Any) -> httpx.Response:
    headers = user.headers | options.pop("headers", {})
    raw = content.encode() if isinstance(content, str) else content
    return await stack.http.post(
        f"/api/lead-sources/{source.id}/import", content=raw, params=options, headers=headers, timeout=60
    )


async def counts(stack: Stack, user: User, source: Source, content: bytes | str, **options: Any) -> tuple[int, ...]:
    """Rows, and how many were new, known and faulty."""
    answer = await post(stack, user, source, content, **options)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return data["rows"], data["new"], data["known"], data["faulty"]


@pytest.mark.parametrize(
    ("mark", "encoding", "delimiter"),
    [
        (b"", "utf-8", ","),
        (codecs.BOM_UTF8, "utf-8", ","),
        (codecs.BOM_UTF16_LE, "utf-16-le", "\t"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "\t"),
        (b"", "cp1252", ";"),
    ],
)
async def test_a_file_of_meta_is_read_in_any_encoding_and_known_the_second_time(
    stack: Stack, mark: bytes, encoding: str, delimiter: str
):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    content = mark + table(META, of_meta(1), of_meta(2), delimiter=delimiter).encode(encoding)
    assert await counts(stack, user, source, content, dry_run=True) == (2, 2, 0, 0)
    assert await stored(stack, source) == []
    assert await counts(stack, user, source, content) == (2, 2, 0, 0)
    assert await counts(stack, user, source, content) == (2, 0, 2, 0)
    assert await counts(stack, user, source, content, dry_run=True) == (2, 0, 2, 0)
    first, second = await stored(stack, source)
    assert (first.provider_id, second.provider_id, first.via, first.notice) == ("1", "2", "import", {"quiet": True})
    assert first.created_time == datetime(2026, 9, 3, 4, 45, 58, tzinfo=UTC)
    assert first.form_id == "836971255412599"
    assert first.raw is not None
    assert {"name": "full_name", "values": ["Ada Müller"]} in first.raw["field_data"]


async def test_a_lead_that_was_posted_is_known_in_the_file(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    await arrived(stack, source, "4229609260619426", raw={"id": "4229609260619426", "field_data": []})
    content = table(META, of_meta(4229609260619426), of_meta(7), of_meta(7))
    assert await counts(stack, user, source, content, dry_run=True) == (3, 1, 2, 0)
    assert await counts(stack, user, source, content) == (3, 1, 2, 0)


async def test_leads_of_google_without_ids_are_known_by_person_form_and_day(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "google", account=user.id)
    ada, bo = of_google("", "ada@example.com"), of_google("TeSter-1", "bo@example.com")
    later = of_google("", "ada@example.com", "2026-09-27")
    nobody = of_google("", "")
    content = table(GOOGLE, ada, bo, ada, later, nobody)
    answer = await post(stack, user, source, content)
    data = answer.json()["data"]
    assert (data["new"], data["known"], data["faulty"]) == (3, 1, 1)
    assert [(one["row"], one["code"]) for one in data["faults"]] == [(6, "lead_id")]
    assert await counts(stack, user, source, content) == (5, 0, 4, 1)
    assert "TeSter-1" in {one.provider_id for one in await stored(stack, source)}
    without = table(GOOGLE[1:4] + GOOGLE[5:], ["1", "2", "3", "Cy", "cy@example.com", ""])
    assert await counts(stack, user, source, without) == (1, 1, 0, 0)
    assert await counts(stack, user, source, without) == (1, 0, 1, 0)


async def test_imported_leads_become_contacts_and_begin_nothing_unless_that_is_wanted(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(sms(), key="any", trigger={"kind": "lead"}))
    source = await a_source(stack, "meta", account=user.id, page_id="508", tags=["old"])
    ada = await new_contact(stack.pool, user.id, email="ada1@example.com", first_name="A")
    await counts(stack, user, source, table(META, of_meta(1), of_meta(2)))
    first, second = await all_of(stack, source, 2, "done")
    assert (str(first.contact_id), first.answered, second.answered) == (ada, None, None)
    contacts = await rows(stack, "select first_name, tags from contacts where account_id = %s order by id", user.id)
    assert contacts == [("A", ["old"]), ("Ada", ["old"])]
    await counts(stack, user, source, table(META, of_meta(3)), begin=True)
    third = (await all_of(stack, source, 3, "done"))[-1]
    assert third.notice == {}
    assert third.answered is not None
    assert len(third.answered["runs"]) == 1


async def test_faulty_rows_are_named_and_cost_no_other(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508", forms=["836971255412599"])
    other_form = of_meta(5)
    other_form[4] = "f:1"
    lines = [
        table(META).strip(),
        ",".join(of_meta(1)[:3]),  # too few columns: the rest is empty
        table([*of_meta(2), "more"]).strip(),
        "",
        'l:3,"never closed',
        table(["4.22961E+15", *of_meta(4)[1:]]).strip(),
        table(other_form).strip(),
        table(["", *of_meta(6)[1:]]).strip(),
        table(of_meta(7, name="x" * 300_000)).strip(),
        table(of_meta(8, name="y" * 100_000, email="=HYPERLINK(1)")).strip(),
        table(of_meta(9, name="'=1+1")).strip(),
    ]
    answer = await post(stack, user, source, "\r\n".join(lines))
    data = answer.json()["data"]
    found = [(one["row"], one["code"]) for one in data["faults"]]
    assert found == [
        (3, "cells_too_many"),
        (5, "quotes"),
        (6, "lead_id"),
        (7, "lead_form"),
        (8, "lead_id"),
        (9, "row_too_long"),
    ]
    assert all(one["message"] for one in data["faults"])
    assert (data["rows"], data["new"], data["known"], data["faulty"]) == (9, 3, 0, 6)
    short, huge, formula = await stored(stack, source)
    assert short.raw == {"id": "1", "created_time": of_meta(1)[1], "ad_id": "120225411063300521", "field_data": []}
    assert {"name": "email", "values": ["=HYPERLINK(1)"]} in huge.raw["field_data"]
    assert {"name": "full_name", "values": ["=1+1"]} in formula.raw["field_data"]


async def test_no_more_faults_are_told_than_people_read(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    answer = await post(stack, user, source, table(META, *(["", "x"] for _ in range(250))))
    data = answer.json()["data"]
    assert (data["rows"], data["faulty"], len(data["faults"])) == (250, 250, 100)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n", "file_empty"),
        (b'"id\n', "columns_unreadable"),
        (b"id," + b"x" * 10_000 + b"\n1,y\n", "columns_too_many"),
        (b"name,email\nAda,ada@example.com\n", "column_unknown"),
        (table(META, of_meta(1)).encode("utf-16-le"), "file_unreadable"),
        (b"PK\x03\x04\x14\0\x06\0\x08\0", "file_unreadable"),
        (b"id\n" + b"1\n" * (MOST_ROWS + 1), "rows_too_many"),
    ],
)
async def test_what_is_no_file_of_leads_is_refused_as_a_whole(stack: Stack, content: bytes, code: str):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    assert_error(await post(stack, user, source, content), 422, code)
    assert_error(await post(stack, user, source, content, dry_run=True), 422, code)
    assert await stored(stack, source) == []


async def test_files_beyond_the_bounds_and_sources_without_files_are_refused(stack: Stack):
    user = await holder(stack)
    meta = await a_source(stack, "meta", account=user.id, page_id="508")
    assert_error(await post(stack, user, meta, b"x" * (MOST_BYTES + 1)), 413, "too_large")
    content = table(META, of_meta(1))
    assert_error(await post(stack, user, meta, content, dryrun=True), 422, "query_unknown", "/dryrun")
    assert_error(await post(stack, await holder(stack), meta, content), 404, "lead_source_not_found")
    for kind in ("form", "linkedin"):
        assert_error(
            await post(stack, user, await a_source(stack, kind, account=user.id), content), 409, "lead_source_kind"
        )
    await disable(stack, meta)
    assert_error(await post(stack, user, meta, content), 409, "lead_source_state")


async def test_a_form_with_the_file_is_read_alike_and_named_by_the_key_of_the_source(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "google", account=user.id)
    content = table(GOOGLE, of_google("1", "ada@example.com")).encode()
    answer = await stack.http.post(
        f"/api/lead-sources/{source.key}/import",
        files={"note": (None, "hello"), "file": ("leads.csv", content, "text/csv")},
        headers=user.headers,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["new"] == 1


async def test_a_request_that_is_repeated_with_its_key_gets_its_first_answer(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    key = {"Idempotency-Key": uuid4().hex}
    first = await post(stack, user, source, table(META, of_meta(1)), headers=key)
    again = await post(stack, user, source, table(META, of_meta(1)), headers=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    other = await post(stack, user, source, table(META, of_meta(2)), headers=key)
    assert_error(other, 422, "idempotency_mismatch")
    assert [one.provider_id for one in await stored(stack, source)] == ["1"]
    events = await rows(
        stack,
        "select event -> 'metadata' from audit_events where action = 'lead_source.imported' and actor = %s",
        f"user:{user.id}",
    )
    assert events == [({"rows": 1, "new": 1},)]


async def test_two_imports_of_one_file_at_once_store_each_lead_once(stack: Stack):
    user = await holder(stack)
    source = await a_source(stack, "meta", account=user.id, page_id="508")
    content = table(META, *(of_meta(number) for number in range(1, 500)))
    both = await asyncio.gather(*(counts(stack, user, source, content) for _ in range(2)))
    assert sum(new for _, new, _, _ in both) == 499
    assert len(await stored(stack, source)) == 499


async def test_imported_leads_are_started_after_all_others_and_let_them_pass(alone: Stack):
    user = await holder(alone)
    source = await a_source(alone, "google", account=user.id)
    await counts(alone, user, source, table(GOOGLE, of_google("old", "ada@example.com")))
    await receive(alone.pool, alone.keyring, [Arrived(source, "new", "webhook", raw={"lead_id": "new"})])
    found = await leads.unstarted(alone.pool, 0, 10)
    assert [(one.provider_id, one.may_wait) for one in found] == [("new", False), ("old", True)]
    await LeadStarter(alone.pool).start_unstarted(alone.temporal, 0)
    priorities = [await priority(alone, source, named) for named in ("new", "old")]
    assert priorities == [0, 5]
    assert await leads.unstarted(alone.pool, 0, 10) == []


async def test_an_open_lead_whose_workflow_somebody_ended_is_started_again(alone: Stack):
    user = await holder(alone)
    source = await a_source(alone, "google", account=user.id)
    await receive(alone.pool, alone.keyring, [Arrived(source, "lost", "webhook", raw={"lead_id": "lost"})])
    starter = LeadStarter(alone.pool)
    await starter.start_unstarted(alone.temporal, 0)
    handle = alone.temporal.get_workflow_handle(lead_workflow_id(source.id, "lost"))
    await starter.start_lost(alone.temporal, 0)  # it runs
    first = await handle.describe()
    await handle.terminate()
    await starter.start_lost(alone.temporal, 3600)
    assert (await handle.describe()).run_id == first.run_id, "for an hour nobody minds it"
    await starter.start_lost(alone.temporal, 0)
    second = await handle.describe()
    assert (second.status, second.run_id != first.run_id) == (WorkflowExecutionStatus.RUNNING, True)
    await rows(alone, "update leads set ended_at = now() where source_id = %s returning 1", source.id)
    assert source.id not in {one.source_id for one in await leads.open_for_long(alone.pool, 0, 100)}
    await handle.terminate()
    await starter.aclose()


async def priority(stack: Stack, source: Source, provider_id: str) -> int:
    """Temporal's, 5 is the lowest; 0: the usual one."""
    started = await stack.temporal.get_workflow_handle(lead_workflow_id(source.id, provider_id)).describe()
    return started.raw_description.workflow_execution_info.priority.priority_key


async def test_others_are_answered_while_thousands_of_leads_are_imported(alone: Stack):
    user = await holder(alone)
    source = await a_source(alone, "meta", account=user.id, page_id="508")
    content = table(META, *(of_meta(number) for number in range(3_000)))
    importing = asyncio.create_task(counts(alone, user, source, content))
    answered = 0
    while not importing.done():
        answer = await call(alone, user, "GET", "/lead-sources")
        assert answer.status_code == 200
        answered += not importing.done()
    assert await importing == (3_000, 3_000, 0, 0)
    assert answered >= 3
