"""Automations from the command line."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.audience.contacts.contact import new_contact_id
from store.automations import automations, runs
from store.automations.runs import Run
from tests.api.automations.automations import flow
from tests.segments import new_contact


async def test_a_file_is_checked_saved_and_published(cli, user, tmp_path):
    file = tmp_path / "welcome.json"
    broken = flow({"kind": "wait", "for": "soon"}, {"kind": "dance"})
    file.write_text(json.dumps(broken))
    refused = await cli("automation", "check", str(file), "--json")
    assert refused.code == 1
    assert {one["pointer"] for one in json.loads(refused.out)} >= {"/steps/0/for", "/steps/1/kind"}
    file.write_text(json.dumps(flow({"kind": "wait", "for": "1d"})))
    assert (await cli("automation", "check", str(file), "--json")).json == []
    of = ("--user", str(user), "--json")
    assert (await cli("automation", "save", str(file), *of)).json["state"] == "draft"
    made = (await cli("automation", "publish", "welcome", *of)).json
    assert (made["version"], made["revision"]) == (1, 1)
    file.write_text(json.dumps(flow({"kind": "wait", "for": "2d"})))
    await cli("automation", "save", str(file), *of)
    assert (await cli("automation", "discard", "welcome", *of)).json["version"] == 1
    assert "no draft" in (await cli("automation", "discard", "welcome", *of)).refusal
    await cli("automation", "save", str(file), *of)
    made = (await cli("automation", "publish", "welcome", "--mode", "patch", "--note", "longer", *of)).json
    assert (made["version"], made["revision"]) == (1, 2)
    assert (await cli("automation", "pause", "welcome", *of)).json["state"] == "paused"
    assert (await cli("automation", "resume", "welcome", *of)).json["state"] == "active"
    listed = (await cli("automation", "list", *of)).json
    assert [(one["key"], one["state"]) for one in listed] == [("welcome", "active")]
    assert (await cli("automation", "runs", "welcome", *of)).json == []
    assert "no automation" in (await cli("automation", "archive", "other", *of)).refusal


async def test_a_run_is_shown_and_steered(cli, user, tmp_path, pool):
    file = tmp_path / "welcome.json"
    file.write_text(json.dumps(flow({"kind": "wait", "for": "1d"}, {"kind": "wait", "for": "2d"})))
    of = ("--user", str(user), "--json")
    await cli("automation", "save", str(file), *of)
    await cli("automation", "publish", "welcome", *of)
    found = await automations.find(pool, user, "welcome")
    ada = UUID(await new_contact(pool, user, email="ada@example.com"))
    run = Run(new_contact_id(), found.id, user, ada, 1, "", "manual", {}, {}, datetime.now(UTC))
    await runs.add(pool, [run])
    await runs.write(pool, [(replace(run, step="s0", state="waiting"), ())])

    async def steer(what: str, *more: str) -> tuple[str, str]:
        made = (await cli("automation", "run", what, str(run.id), *more, *of)).json
        return made["state"], made["step"]

    assert "is at 's0'" in (await cli("automation", "run", "skip", str(run.id), "--step", "s1", *of)).refusal
    assert await steer("skip") == ("running", "s1")
    assert await steer("move", "s0", "--from", "s1") == ("running", "s0")
    shown = (await cli("automation", "run", "show", str(run.id), *of)).json
    assert [one["outcome"]["result"] for one in shown["steps"]] == ["skipped", "moved_by_hand"]
    assert "did not fail" in (await cli("automation", "run", "retry", str(run.id), *of)).refusal
    assert (await steer("exit"))[1] == "s0"
    assert "no run" in (await cli("automation", "run", "exit", str(uuid4()), *of)).refusal


async def test_a_starter_is_copied_and_simulated_without_anything_else_than_the_database(cli, user, tmp_path):
    names = [one["name"] for one in (await cli("automation", "starters", "--json")).json]
    assert len(names) == 10
    copied = (await cli("automation", "starters", "--copy", "cart-rescue", "--json")).json
    assert copied == {"copied": ["cart-rescue.json", "cart-rescue.tests.json"]}
    assert "is there already" in (await cli("automation", "starters", "--copy", "cart-rescue")).refusal
    of = ("automation", "simulate", "cart-rescue.json", "--user", user)
    away = {"XSENDER_TEMPORAL_ADDRESS": "127.0.0.1:1"}
    done = await cli(*of, "--test", "cart-rescue.tests.json", **away)
    assert (done.code, done.err) == (0, "")
    assert "== buys after the first mail" in done.out
    assert "subject: You left something behind" in done.out
    assert "large? event.total gte 150: yes, it is 180" in done.out
    expect = {"sends": ["mail1"], "credits": {"sms": 0}}
    event = {"total": 200, "cart_id": "7", "url": "https://shop.example/7"}
    given = (
        "--contact",
        json.dumps({"email": "bo@example.com", "phone": "+4915112345678"}),
        "--event",
        json.dumps(event),
    )
    done = await cli(*of, *given, "--expect", json.dumps(expect), "--at", "2026-03-02T09:00:00Z", "--json", **away)
    answer = json.loads(done.out)
    assert (done.code, answer["met"], answer["sends"]) == (1, False, ["mail1", "sms1", "mail2"])
    assert answer["unmet"] == [
        {"expectation": "sends", "expected": ["mail1"], "found": ["mail1", "sms1", "mail2"]},
        {"expectation": "credits", "expected": {"sms": 0}, "found": {"sms": 1}},
    ]
    assert "NOT AS EXPECTED: sends" in (await cli(*of, *given, "--expect", json.dumps(expect))).out


async def test_what_cannot_be_simulated_ends_with_2(cli, user, tmp_path):
    (tmp_path / "broken.json").write_text(json.dumps(flow({"kind": "wait", "for": "soon"})))
    (tmp_path / "good.json").write_text(json.dumps(flow({"kind": "wait", "for": "1d"})))
    for arguments, message in (
        (("broken.json", "--contact", "{}"), "/steps/0/for"),
        (("good.json",), "--contact"),
        (("good.json", "--contact", "nobody@example.com"), "there is no contact 'nobody@example.com'"),
        (("good.json", "--contact", '{"email": "ada@example.com", "colour": 1}'), "/colour"),
        (("good.json", "--contact", '{"email": "ada@example.com"'), "JSON"),
        (("good.json", "--contact", '{"email": "a@example.com"}', "--expect", '{"sends": ["s9"]}'), "no step 's9'"),
        (
            ("good.json", "--contact", '{"email": "a@example.com"}', "--events", '[{"at": "soon", "event": "x.y"}]'),
            "/events/0/at",
        ),
        (("missing.json", "--contact", "{}"), "cannot be read"),
        (("other", "--contact", '{"email": "ada@example.com"}'), "no automation 'other'"),
    ):
        done = await cli("automation", "simulate", *arguments, "--user", user)
        assert (done.code, done.out, message in done.err) == (2, "", True), done


async def test_files_are_applied_once_and_exported_as_they_were_written(cli, user, tmp_path):
    of = ("--user", str(user), "--json")
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    starts = flow({"kind": "start", "automation": "second"}, {"kind": "wait", "for": "1d"}, key="first")
    first.write_text(json.dumps(starts))
    second.write_text(json.dumps(flow({"kind": "wait", "for": "1d"}, key="second")))

    async def applied(*more: str) -> list[tuple[str, int | None, int]]:
        made = (await cli("automation", "apply", str(first), str(second), *more, *of)).json
        return [(one["action"], one["version"], one["revision"]) for one in made]

    assert await applied("--publish", "--dry-run") == [("published", 1, 1), ("published", 1, 1)]
    assert await applied() == [("created", None, 0), ("created", None, 0)]
    assert await applied("--publish") == [("published", 1, 1), ("published", 1, 1)]
    assert await applied("--publish") == [("unchanged", 1, 1), ("unchanged", 1, 1)]
    first.write_text(json.dumps(starts | {"name": "Other"}))
    second.write_text(json.dumps(flow({"id": "other", "kind": "wait", "for": "1d"}, key="second")))
    assert await applied("--publish") == [("published", 1, 2), ("published", 2, 1)]
    assert (await cli("automation", "export", "first", *of[:2])).json == starts | {"name": "Other"}
    assert (await cli("automation", "export", "first", "--version", "1.1", *of[:2])).json == starts
