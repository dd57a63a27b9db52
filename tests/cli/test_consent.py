"""Purposes, suppressions and consent by commands."""

import pytest


async def test_purposes_come_change_and_go(cli, user):
    made = (await cli("purpose", "add", "news", "--user", user, "--name", "News", "--default", "opt_in", "--json")).json
    assert (made["key"], made["default"], made["public"]) == ("news", "opt_in", True)
    changed = (await cli("purpose", "change", "news", "--user", user, "--channels", "email", "--hidden", "--json")).json
    assert (changed["channels"], changed["public"], changed["default"]) == (["email"], False, "opt_in")
    listed = (await cli("purpose", "list", "--user", user, "--json")).json
    assert [one["key"] for one in listed] == ["transactional", "marketing", "news"]
    assert "whatsapp" in (await cli("purpose", "change", "news", "--user", user, "--channels", "fax")).refusal
    assert (await cli("purpose", "remove", "news", "--user", user, "--json")).json == {"key": "news", "removed": True}
    assert "built in" in (await cli("purpose", "remove", "marketing", "--user", user)).refusal


async def test_suppressions_are_exported_and_imported(cli, user, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("channel,recipient,reason\nsms,+4915112345678,asked\nemail,Ada@example.com,\nfax,x,\n")
    found = (await cli("suppression", "import", str(file), "--user", user, "--json")).json
    wrong = "/rows/3/channel: the channel is email, sms or whatsapp"
    assert found == {"added": 2, "known": 0, "refused": 1, "errors": [wrong]}
    exported = (await cli("suppression", "export", "--user", user)).out
    assert "sms,+4915112345678,asked" in exported
    file.write_text(exported)
    again = (await cli("suppression", "import", str(file), "--user", user, "--json")).json
    assert again == {"added": 0, "known": 2, "refused": 0, "errors": []}
    shown = (await cli("consent", "show", "ADA@example.com", "--user", user, "--channel", "email", "--json")).json
    assert (shown["suppression"]["reason"], shown["consents"]) == ("imported", [])


@pytest.mark.parametrize("content", [None, b"\xff", b"a,b\n"])
async def test_a_file_that_is_no_list_is_refused(cli, user, tmp_path, content):
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content)
    assert (await cli("suppression", "import", str(file), "--user", user)).refusal
