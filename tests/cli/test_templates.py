"""Templates by commands."""

import json
from pathlib import Path


async def test_a_template_is_set_published_shown_previewed_and_rolled_back(cli, user, tmp_path: Path):
    of = ("--owner", user, "--json")
    file = tmp_path / "welcome.json"

    def write(text: str) -> tuple[str, ...]:
        file.write_text(json.dumps({"name": "Welcome", "sms": {"en": {"message": text}}}))
        return "template", "set", "welcome", "--file", str(file)

    saved = (await cli(*write("Hi {{ name }}"), *of)).json
    assert (saved["key"], saved["channels"], saved["version"]) == ("welcome", ["sms"], None)
    assert (await cli("template", "publish", "welcome", "--note", "first", *of)).json["version"] == 1
    await cli(*write("Hello {{ name }}"), *of)
    shown = (await cli("template", "preview", "welcome", "--variables", '{"name": "Ada"}', *of)).json
    assert (shown["sms"]["text"], shown["sms"]["credits"]) == ("Hello Ada", 1)
    old = (await cli("template", "preview", "welcome", "--variables", '{"name": "Ada"}', "--version", "1", *of)).json
    assert old["sms"]["text"] == "Hi Ada"
    back = (await cli("template", "publish", "welcome", "--version", "1", *of)).json
    assert (back["version"], back["made_from"]) == (2, 1)
    assert (await cli("template", "show", "welcome", *of)).json["draft"]["sms"]["en"]["message"] == "Hello {{ name }}"
    assert (await cli("template", "show", "welcome", "--version", "2", *of)).json["version"] == 2
    assert [each["key"] for each in (await cli("template", "list", *of)).json] == ["welcome"]
    assert "/sms/en/message" in (await cli(*write("Hi {{ name"), "--owner", user)).refusal
    file.write_text("{")
    assert "not JSON" in (await cli("template", "set", "welcome", "--file", str(file), "--owner", user)).refusal
    assert "no template 'other'" in (await cli("template", "show", "other", "--owner", user)).refusal
