"""What the API reads from the replica for lists: here another, empty install, so that one sees which it is."""

from embedded.engine import Engine
from runtime.settings import Settings
from tests.databases import new_install
from tests.stack import run_stack

LISTS = ("messages", "failures", "usage", "requests")


async def test_lists_are_read_from_the_replica_and_what_decides_from_the_database(engine: Engine, settings: Settings):
    replica = await new_install(engine.database_url)
    async with run_stack(settings.model_copy(update={"database_read_url": replica}), worker=False) as stack:
        user, admin = await stack.user(), await stack.admin()
        refused = await stack.send(user, "sms", {"number": "not one", "body": "Hello"})  # kept in the list of requests
        assert refused.status_code == 422
        sent = await stack.send(user, "sms", {"number": "+12025550123", "body": "Hello"})
        uid = sent.json()["data"][0]["uid"]
        assert (await stack.status(user, "sms", uid))["uid"] == uid
        for name in LISTS:
            for path, who in ((f"/api/{name}", user), (f"/api/admin/v1/{name}", admin)):
                answer = await stack.http.get(path, headers=who.headers)
                assert (answer.status_code, answer.json()["data"]) == (200, []), path
