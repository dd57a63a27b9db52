"""Leads from the command line."""

from datetime import UTC, datetime
from uuid import uuid4

from domain.keyring import CREDENTIALS, Keyring
from store.leads import leads, lists, sealing, sources, unknown_pages
from tests.leads_made import new_lead, new_source

NOW = datetime.now(UTC)


async def test_leads_are_listed_shown_and_taken_again(cli, user, pool, settings):
    of = ("--user", str(user), "--json")
    source = await new_source(pool, user, "form")
    lead = await new_lead(pool, source, state="invalid", why="no address", started_at=NOW, ended_at=NOW)
    other = await new_lead(pool, source, state="done", started_at=NOW, ended_at=NOW)
    ring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    sealed = sealing.seal_lead(ring, lead, {"budget": "much"})
    async with pool.connection() as conn:
        await conn.execute("update leads set sealed = %s where id = %s", (sealed, lead))
    assert [one["id"] for one in (await cli("lead", "list", *of)).json] == [str(other), str(lead)]
    (found,) = (await cli("lead", "list", "--state", "invalid", "--source", source.key, *of)).json
    assert (found["id"], found["why"]) == (str(lead), "no address")
    shown = (await cli("lead", "show", lead, *of)).json
    assert shown["answers"] == [{"name": "budget", "label": None, "values": ["much"]}]
    assert "sealed" not in shown
    dry = (await cli("lead", "replay", "--source", source.key, "--dry-run", *of)).json
    assert dry == {"leads": 1, "operation": None}
    assert (await cli("lead", "replay", lead, *of)).json == {"leads": 1, "state": "received"}
    again = await leads.of_id(pool, lead)
    assert again is not None
    assert again.ended_at is None
    begun = (await cli("lead", "replay", "--state", "done", *of)).json
    assert begun["leads"] == 0  # what was posted is not kept
    assert "no lead" in (await cli("lead", "show", source.id, *of)).refusal
    assert "no state" in (await cli("lead", "list", "--state", "odd", *of)).refusal
    assert "not both" in (await cli("lead", "replay", lead, "--state", "done", *of)).refusal


async def test_sources_are_listed_and_checked(cli, user, pool):
    of = ("--user", str(user), "--json")
    page, form = await new_source(pool, user, "meta", page_id="508"), await new_source(pool, user, "form")
    await sources.park(pool, page.id, page.edition, "token_expired", "Log in again.")
    found = {one["key"]: one for one in (await cli("lead", "sources", *of)).json}
    assert found.keys() == {page.key, form.key}
    assert found[page.key]["parked_reason"] == "Log in again."
    assert "sealed" not in found[page.key]
    checked = (await cli("lead", "check", page.key, *of)).json
    assert checked["points"][0] == {"name": "token", "ok": False, "message": "the source has no token: enter one"}
    assert "no source" in (await cli("lead", "check", "none", *of)).refusal


async def test_a_file_is_counted_then_imported_once(cli, user, pool, tmp_path):
    source, form = await new_source(pool, user, "google"), await new_source(pool, user, "form")
    file = tmp_path / "leads.csv"
    file.write_text("Lead ID,Email\n1,ada@example.com\n2,bo@example.com\n,\n,nobody\n")
    of = (file, "--user", str(user), "--source", source.key, "--json")
    dry = (await cli("lead", "import", *of, "--dry-run")).json
    assert (dry["rows"], dry["new"], dry["known"], dry["faulty"]) == (3, 2, 0, 1)
    assert [(fault["row"], fault["code"]) for fault in dry["faults"]] == [(5, "lead_id")]
    assert (await cli("lead", "import", *of)).json == dry
    assert (await cli("lead", "import", *of, "--begin")).json["known"] == 2
    page = await lists.page(pool, user, lists.Filter(), None, 10)
    assert [(lead.provider_id, lead.notice) for lead in page] == [("2", {"quiet": True}), ("1", {"quiet": True})]
    plain = await cli("lead", "import", file, "--user", str(user), "--source", str(source.id))
    assert "lead_id" in plain.out
    refused = await cli("lead", "import", file, "--user", str(user), "--source", form.key)
    assert "contacts/import" in refused.refusal


async def test_pages_that_no_source_takes_are_listed(cli, pool):
    page = str(uuid4().int)[:20]
    await unknown_pages.note(pool, {page: (3, NOW, "page_unknown")})
    found = (await cli("lead", "unknown-pages", "--limit", "1000", "--json")).json
    assert {one["page_id"]: one["leads"] for one in found}[page] == 3
