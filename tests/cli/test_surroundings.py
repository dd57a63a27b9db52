"""Commands do the same wherever they are run."""

from uuid import uuid4

import pytest

PSQL = {
    "PGSSLMODE": "require",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGSERVICE": "nowhere",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREAUTH": "none",
    "PGCLIENTENCODING": "LATIN1",
}


@pytest.mark.parametrize("name", [*PSQL, None])
async def test_variables_that_are_meant_for_psql_change_nothing(cli, name):
    found = PSQL if name is None else {name: PSQL[name]}
    created = await cli("user", "create", "--email", f"{uuid4().hex}@example.com", "--name", "Zoë", "--json", **found)
    assert created.json["name"] == "Zoë"


@pytest.mark.parametrize("where", [{"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}])
async def test_a_terminal_that_cannot_show_a_name_gets_an_escape(cli, where):
    address = f"{uuid4().hex}@example.com"
    created = await cli("user", "create", "--email", address, "--name", "Zoë 🎉", "--json", **where)
    assert created.json["name"] == "Zoë 🎉"
    listed = await cli("user", "list", **where)
    assert (listed.code, listed.err) == (0, "")
    assert address in listed.out
