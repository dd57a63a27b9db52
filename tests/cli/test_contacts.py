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


async def test_a_file_is_imported_as_an_operation_that_can_be_cancelled(cli, user, tmp_path):
    given = ("people.csv", "--user", user, "--map", "E-Mail=email", "--tag", "fair", "--default-country", "IT")
    rows = "".join(f"a{n}@example.com\n" for n in range(300_000))
    (tmp_path / "people.csv").write_text(f"E-Mail\n{rows}")
    begun = (await cli("contact", "import", *given, "--json")).json
    shown = (await cli("operation", "show", begun["operation"], "--json")).json
    assert (shown["kind"], shown["user_id"]) == ("contacts.import", user)
    cancelled = (await cli("operation", "cancel", begun["operation"], "--json")).json
    assert cancelled["state"] == "cancelled"


async def test_an_import_that_cannot_be_is_refused_and_no_file_stays(cli, pool, user, tmp_path):
    (tmp_path / "people.csv").write_text("email\nada@example.com\n")
    of = ("people.csv", "--user", user)
    assert "no choice all" in (await cli("contact", "import", *of, "--known", "all")).refusal
    assert "COLUMN=FIELD" in (await cli("contact", "import", *of, "--map", "email")).refusal
    assert "nope" in (await cli("contact", "import", *of, "--group", "nope")).refusal
    assert "cannot hold" in (await cli("contact", "import", *of, "--map", "email=fields.nope")).refusal
    assert (await cli("contact", "import", "people.csv", "--user", 2**40)).code == 1
    assert (await cli("contact", "import", "none.csv", "--user", user)).code == 1
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    assert "split it" in (await cli("contact", "import", "large.csv", "--user", user)).refusal
    async with pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user,))).rowcount == 0


async def test_contacts_are_exported_to_a_file_or_to_standard_output(cli, user, tmp_path):
    of = ("--user", user)
    await cli("contact", "put", '{"email": "ada@example.com", "first_name": "=Ada"}', *of)
    out = (await cli("contact", "export", *of)).out
    assert (await cli("contact", "export", *of, "--out", "all.csv")).code == 0
    assert (tmp_path / "all.csv").read_bytes().decode() == out
    assert "ada@example.com" in out
    assert "'=Ada" in out
