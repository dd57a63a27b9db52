"""Settings of the install by commands."""


async def test_settings_are_shown_and_set(cli):
    before = (await cli("settings", "show", "--json", XSENDER_UNKNOWN_DAYS="9")).json
    assert (before["unknown_days"], before["sources"]["unknown_days"]) == (9.0, "environment")
    patch = '{"unknown_days": 5, "system_mail": {"host": "mx.example.com", "from_address": "a@example.com"}}'
    changed = (await cli("settings", "set", "--config-json", patch, "--json", XSENDER_UNKNOWN_DAYS="9")).json
    assert (changed["unknown_days"], changed["sources"]["unknown_days"]) == (5.0, "stored")
    assert changed["system_mail"]["host"] == "mx.example.com"
    (event,) = (await cli("audit", "list", "--target", "settings:install", "--limit", 1, "--json")).json
    assert (event["action"], event["actor"]["type"]) == ("settings.updated", "cli")
    back = await cli("settings", "set", "--config-json", '{"unknown_days": null, "system_mail": null}', "--json")
    assert "stored" not in back.json["sources"].values()


def test_what_cannot_be_is_refused(refusal):
    assert "there is no country XX" in refusal("settings", "set", "--config-json", '{"default_region": "XX"}')
