"""Long operations by commands."""

from uuid import uuid4

from domain.access.actors import COMMAND_LINE
from store.operations import operations


async def test_operations_are_listed_shown_cancelled_and_awaited(cli, pool, user):
    first, second = [await operations.add(pool, "users.bulk", COMMAND_LINE, {"items": []}, user) for _ in range(2)]
    listed = (await cli("operation", "list", "--user", user, "--json")).json
    assert [one["id"] for one in listed] == [str(second.id), str(first.id)]
    assert (await cli("operation", "list", "--user", user, "--state", "done", "--json")).json == []
    assert str(first.id) in (await cli("operation", "list", "--user", user, "--kind", "users.bulk")).out
    shown = (await cli("operation", "show", first.id, "--json")).json
    assert (shown["kind"], shown["user_id"], shown["state"]) == ("users.bulk", user, listed[1]["state"])
    cancelled = (await cli("operation", "cancel", first.id, "--json")).json
    assert cancelled["state"] == "cancelled"
    waited = await cli("operation", "wait", first.id, "--json")
    assert (waited.code, '"cancelled"' in waited.out) == (1, True)
    await operations.cancel(pool, second.id)
    assert "no operation" in (await cli("operation", "show", uuid4())).refusal
    assert "no state over" in (await cli("operation", "list", "--state", "over")).refusal
    assert "must be a UUID" in (await cli("operation", "show", "7")).refusal
