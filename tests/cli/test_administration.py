"""Staff, roles and the audit log by commands."""

from uuid import uuid4


async def test_staff_comes_gets_a_role_and_a_key_and_goes(cli):
    role = f"role-{uuid4().hex[:8]}"
    await cli("role", "put", role, "--permissions", "users:read,credits:read")
    assert role in (await cli("role", "list")).out
    email = f"{uuid4().hex}@example.com"
    member = (await cli("staff", "add", "--email", email, "--name", "Bo", "--role", role, "--json")).json
    assert (member["email"], member["role"]) == (email, role)
    made = (await cli("key", "create", "--staff", member["id"], "--scopes", "users:read", "--json")).json
    assert (made["kind"], made["key"].startswith("xs_staff_")) == ("staff", True)
    assert "another role first" in (await cli("role", "delete", role)).refusal
    assert (await cli("staff", "set-role", member["id"], "--role", "support", "--json")).json["role"] == "support"
    assert (await cli("role", "delete", role, "--json")).json == {"name": role, "deleted": True}
    await cli("staff", "remove", member["id"])
    assert member["id"] not in [one["id"] for one in (await cli("staff", "list", "--json")).json]
    assert "no member of staff" in (await cli("staff", "set-role", member["id"], "--role", "owner")).refusal


async def test_what_commands_change_is_in_the_audit_log(cli, user):
    await cli("user", "suspend", user)
    (event,) = (await cli("audit", "list", "--target", f"user:{user}", "--limit", 1, "--json")).json
    assert (event["action"], event["actor"]["type"]) == ("user.suspended", "cli")
    assert "user.suspended" in (await cli("audit", "list", "--target", f"user:{user}")).out
    verdict = (await cli("audit", "verify", "--json")).json
    assert (verdict["first_wrong"], verdict["events"] > 0) == (None, True)


async def test_a_deleted_user_is_restored(cli, user):
    assert (await cli("user", "delete", user, "--json")).json["deleted_at"] is not None
    restored = (await cli("user", "restore", user, "--json")).json
    assert (restored["status"], restored["deleted_at"]) == ("active", None)
    assert "not deleted" in (await cli("user", "restore", user)).refusal
