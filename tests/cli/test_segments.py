"""Segments by commands."""

import json
from pathlib import Path

from store.pool import Pool
from tests.segments import new_contact


async def test_a_segment_is_set_counted_shown_and_deleted(cli, user, pool: Pool, tmp_path: Path):
    await new_contact(pool, int(user), tags=["vip"])
    file = tmp_path / "vips.json"
    file.write_text(json.dumps({"tag": "vip"}))
    made = (await cli("segment", "set", "vips", "--user", user, "--condition", str(file), "--json")).json
    assert (made["key"], made["name"], made["condition"]) == ("vips", "vips", {"tag": "vip"})
    counted = (await cli("segment", "count", "vips", "--user", user, "--json")).json
    assert counted == {"segment": "vips", "count": 1}
    file.write_text(json.dumps({"tag": "gold"}))
    again = (
        await cli("segment", "set", "vips", "--user", user, "--condition", str(file), "--name", "Gold", "--json")
    ).json
    assert (again["id"], again["name"]) == (made["id"], "Gold")
    assert (await cli("segment", "show", "vips", "--user", user, "--json")).json["condition"] == {"tag": "gold"}
    assert (await cli("segment", "count", "vips", "--user", user, "--json")).json["count"] == 0
    assert [each["key"] for each in (await cli("segment", "list", "--user", user, "--json")).json] == ["vips"]
    file.write_text("{")
    assert "vips.json" in (await cli("segment", "set", "vips", "--user", user, "--condition", str(file))).refusal
    assert (await cli("segment", "delete", "vips", "--user", user, "--json")).json == {"deleted": made["id"]}
    assert "no such segment" in (await cli("segment", "show", "vips", "--user", user)).refusal
