"""Contacts, groups and custom fields by commands."""


async def test_a_contact_is_put_listed_shown_merged_and_deleted(cli, user):
    of = ("--user", user)
    field = (await cli("contact-field", "create", "age", "--type", "number", *of, "--json")).json
    assert (field["key"], field["type"]) == ("age", "number")
    group = (await cli("group", "create", "Customers", *of, "--json")).json
    assert group["key"] == "customers"
    given = '{"email": "ada@example.com", "first_name": "Ada", "groups": ["customers"], "fields": {"age": 36}}'
    made = (await cli("contact", "put", given, *of, "--json")).json
    assert made["outcome"] == "created"
    assert (await cli("contact", "put", given, *of, "--json")).json["outcome"] == "unchanged"
    shown = (await cli("contact", "show", made["id"], *of, "--json")).json
    assert (shown["fields"], shown["origins"]["email"]["from"]) == ({"age": 36}, "cli")
    other = (await cli("contact", "put", '{"phone": "+447400123456"}', *of, "--json")).json
    assert len((await cli("contact", "list", *of, "--json")).json) == 2
    assert "ada@example.com" in (await cli("contact", "list", "--group", "customers", *of)).out
    merged = (await cli("contact", "merge", made["id"], other["id"], *of, "--json")).json
    assert merged == {"id": made["id"], "dropped": {}}
    assert [each["key"] for each in (await cli("group", "list", *of, "--json")).json] == ["customers"]
    assert [each["key"] for each in (await cli("contact-field", "list", *of, "--json")).json] == ["age"]
    assert (await cli("group", "delete", "customers", *of, "--json")).json["operation"] is None
    assert (await cli("contact-field", "delete", "age", *of, "--json")).json["deleted"] == "age"
    assert (await cli("contact", "delete", made["id"], *of, "--json")).json == {"deleted": made["id"]}
    assert "no contact" in (await cli("contact", "show", made["id"], *of)).refusal
    assert "no JSON object" in (await cli("contact", "put", "ada", *of)).refusal
