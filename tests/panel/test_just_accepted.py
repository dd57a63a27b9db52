"""A message that was accepted a moment ago, before it is on record: its owner and the staff see the same."""

from uuid import uuid4

import pytest

from domain.lanes import Lane
from embedded.engine import Engine
from tests.api.admin import admin
from tests.api.log_in import invited, member
from tests.dns_double import Dns
from tests.panel.conftest import account_of, installed
from tests.panel.test_forms import signed_in
from workflows import policy


async def test_owner_and_staff_see_one_that_no_worker_has_taken(engine: Engine, dns: Dns):
    async with installed(engine, dns) as install:  # its own, as the message never comes on record
        boss, account = await admin(install), await account_of(install)
        user = await invited(boss, "user", account.id, (await boss.data("GET", f"/users/{account.id}"))["email"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(policy._QUEUES, Lane.TRANSACTIONAL, f"nobody-{uuid4().hex}")
            body = {"contact": [{"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}]}
            sent = await install.http.post("/api/email/send", json=body, headers=account.headers)
        assert sent.status_code == 200, sent.text
        uid = sent.json()["data"][0]["uid"]
        async with signed_in(install, user) as client:
            own = await client.get(f"/panel/messages/{uid}")
        async with signed_in(install, await member(boss, "owner")) as client:
            shown = await client.get(f"/panel/messages/{uid}")
        for page in (own, shown):
            assert page.status_code == 200
            assert "No worker has taken it yet." in page.text
        assert f'href="/panel/users/{account.id}"' in shown.text
