"""A message that was accepted a moment ago, before it is on record: its owner and the staff see the same."""

from uuid import uuid4

import pytest

from domain.lanes import Lane
from tests.api.log_in import Person
from tests.panel.test_forms import signed_in
from tests.stack import Stack, User
from workflows import policy


async def test_owner_and_staff_see_one_that_no_worker_has_taken(
    install: Stack, account: User, user: Person, owner: Person
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(policy._QUEUES, Lane.TRANSACTIONAL, f"nobody-{uuid4().hex}")
        body = {"contact": [{"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}]}
        sent = await install.http.post("/api/email/send", json=body, headers=account.headers)
    assert sent.status_code == 200, sent.text
    uid = sent.json()["data"][0]["uid"]
    try:
        async with signed_in(install, user) as client:
            own = await client.get(f"/panel/messages/{uid}")
        async with signed_in(install, owner) as client:
            shown = await client.get(f"/panel/messages/{uid}")
    finally:
        await install.temporal.get_workflow_handle(f"send-{uid}").terminate()
    for page in (own, shown):
        assert page.status_code == 200
        assert "No worker has taken it yet." in page.text
    assert f'href="/panel/users/{account.id}"' in shown.text
