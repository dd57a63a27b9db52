"""Phones of a user who leaves: exported without what is secret, and removed with all else."""

from typing import Any

from tests.api.admin import admin
from tests.api.devices.phones import paired, tokens
from tests.api.operations import ended
from tests.api.test_leaving_users import exported
from tests.stack import Stack

TABLES = ("devices", "device_tokens")


async def test_they_are_exported_without_secrets_and_purged_with_the_rest(stack: Stack):
    user, staff = await stack.user(), await admin(stack)
    phone = await paired(stack, user, sims=[{"slot": 0, "label": "Main"}, {"slot": 1}])
    await tokens(stack, user)
    files: dict[str, Any] = await exported(staff, user.id)
    (device,) = files["devices.ndjson"]
    assert device["id"] == str(await phone.id())
    assert [sim["uid"] for sim in files["device_sims.ndjson"]] == ["sim-1", "sim-2"]
    assert len(files["device_tokens.ndjson"]) == 2
    assert not {"session", "sealed", "inbound", "digest"} & (device | files["device_tokens.ndjson"][0]).keys()
    await staff.data("DELETE", f"/users/{user.id}")
    assert (await phone.call("GET", "/sim/list")).status_code == 401
    certificate = await ended(stack.pool, (await staff.data("POST", f"/users/{user.id}/purge"))["id"])
    assert certificate.result is not None
    assert [certificate.result["rows"][table] for table in TABLES] == [1, 2]
    async with stack.pool.connection() as conn:
        for table in TABLES:
            found = await conn.execute(f"select from {table} where account_id = %s", (user.id,))
            assert found.rowcount == 0
