"""Automations from the command line."""

import json

from tests.api.automations.automations import flow


async def test_a_file_is_checked_saved_and_published(cli, user, tmp_path):
    file = tmp_path / "welcome.json"
    broken = flow({"kind": "wait", "for": "soon"}, {"kind": "dance"})
    file.write_text(json.dumps(broken))
    refused = await cli("automation", "check", str(file), "--json")
    assert refused.code == 1
    assert {one["pointer"] for one in json.loads(refused.out)} >= {"/steps/0/for", "/steps/1/kind"}
    file.write_text(json.dumps(flow({"kind": "wait", "for": "1d"})))
    assert (await cli("automation", "check", str(file), "--json")).json == []
    of = ("--user", str(user), "--json")
    assert (await cli("automation", "save", str(file), *of)).json["state"] == "draft"
    made = (await cli("automation", "publish", "welcome", *of)).json
    assert (made["version"], made["revision"]) == (1, 1)
    file.write_text(json.dumps(flow({"kind": "wait", "for": "2d"})))
    await cli("automation", "save", str(file), *of)
    made = (await cli("automation", "publish", "welcome", "--mode", "patch", "--note", "longer", *of)).json
    assert (made["version"], made["revision"]) == (1, 2)
    assert (await cli("automation", "pause", "welcome", *of)).json["state"] == "paused"
    assert (await cli("automation", "resume", "welcome", *of)).json["state"] == "active"
    listed = (await cli("automation", "list", *of)).json
    assert [(one["key"], one["state"]) for one in listed] == [("welcome", "active")]
    assert (await cli("automation", "runs", "welcome", *of)).json == []
    assert "no automation" in (await cli("automation", "archive", "other", *of)).refusal
