"""Persons from the command line."""

from uuid import UUID

from store.operations import operations
from tests.segments import new_contact


async def test_persons_are_counted_exported_and_erased(cli, user, pool):
    contact, of = await new_contact(pool, user, phone="+14155553344"), ("--user", str(user), "--json")
    dry = (await cli("person", "erase", "--phone", "+14155553344", "--dry-run", *of)).json
    assert (dry["counts"]["contacts"], "erasure" in dry) == (1, False)
    begun = (await cli("person", "export", "--contact", contact, *of)).json
    exported = await operations.find(pool, UUID(begun["operation"]))
    assert exported is not None
    assert (exported.kind, exported.account_id) == ("persons.export", user)
    erased = (await cli("person", "erase", "--contact", contact, *of)).json["erasure"]
    (found,) = (await cli("person", "erasures", *of)).json
    assert (found["id"], found["named_by"], found["asked_by"]) == (erased, "contact", {"type": "cli", "id": "cli"})
    assert "one of" in (await cli("person", "erase", *of)).refusal
