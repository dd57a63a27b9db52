"""What pages of automations, campaigns and leads show."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.stack import Stack, User

_FLOW: dict[str, Any] = {
    "schema": "xsender.flow/1",
    "key": "welcome",
    "name": "Welcome to everybody who is new",
    "trigger": {"kind": "manual"},
    "steps": [
        {"id": "hello", "kind": "send", "channel": "sms", "content": {"body": "Hello {{ contact.first_name }}"}},
        {
            "id": "who",
            "kind": "branch",
            "arms": [
                {
                    "name": "Germany",
                    "when": {"field": "contact.country", "op": "eq", "value": "DE"},
                    "steps": [
                        {"id": "mail", "kind": "send", "channel": "email", "content": {"subject": "A", "body": "B"}}
                    ],
                }
            ],
            "else": [
                {
                    "id": "clicked",
                    "kind": "wait_event",
                    "event": "message.clicked",
                    "of": "hello",
                    "timeout": "1d",
                    "then": [{"id": "out", "kind": "exit", "reason": "engaged"}],
                    "else": [
                        {
                            "id": "ab",
                            "kind": "split",
                            "arms": [
                                {"name": "A", "weight": 50, "steps": []},
                                {
                                    "name": "B",
                                    "weight": 50,
                                    "steps": [{"id": "tag", "kind": "set", "tags": {"add": ["b"]}}],
                                },
                            ],
                        }
                    ],
                }
            ],
        },
    ],
}


_CAREFUL: dict[str, Any] = {
    "fallback": [{"channel": "email", "after": "2h", "content": {"subject": "Hello", "body": "Are you there?"}}],
    "on_error": {
        "then": "arm",
        "retry": {"max": 3, "backoff": "1m"},
        "arm": [{"id": "mark", "kind": "set", "tags": {"add": ["unreached"]}}],
    },
}
"""What a step does about failures."""


@dataclass(frozen=True)
class Automated:
    """What was made."""

    automation: str
    run: str
    template: str
    campaign: str
    source: str
    lead: str
    hook: str


async def automated(install: Stack, account: User) -> Automated:
    """An automation with a run and a changed draft, a template, a campaign, and a lead."""

    async def call(method: str, path: str, body: Any = None) -> Any:
        answer = await install.http.request(method, f"/api{path}", json=body, headers=account.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    person = {"first_name": "Ann", "phone": "+14155550123", "country": "US"}
    contact = (await call("POST", "/contacts", person))["id"]
    await call("POST", "/automations", _FLOW)
    await call("POST", "/automations/welcome/publish", {})
    await call("POST", "/automations/welcome/runs", {"contact": contact})
    hello, *others = _FLOW["steps"]
    steps = [{"id": "pause", "kind": "wait", "for": "2d"}, hello | _CAREFUL, *others]
    changed = {**_FLOW, "entry": {"caps": [{"count": 3, "per": "30d"}]}, "steps": steps}
    await call("PUT", "/automations/welcome/draft", changed)
    async with asyncio.timeout(30):
        while (run := (await call("GET", "/automations/welcome/runs"))[0])["state"] != "waiting":
            await asyncio.sleep(0.1)
    texts = {
        "name": "Spring news",
        "missing": "empty",
        "email": {"en": {"subject": "Spring, {{ first_name }}", "html": "<h1>Spring</h1>"}},
        "sms": {"en": {"message": "Spring, {{ first_name }}"}},
    }
    await call("PUT", "/templates/spring", texts)
    await call("POST", "/templates/spring/publish", {})
    draft = {"name": "Spring", "channel": "sms", "template": "spring", "audience": {"everyone": True}}
    campaign = (await call("POST", "/campaigns", draft))["id"]
    source = await call("POST", "/lead-sources", {"kind": "form", "name": "Web form", "tags": ["lead"]})
    posted = await install.http.post(
        f"/api/leads/{source['id']}", json={"first_name": "Lena", "email": "l@example.com"}
    )
    hook = await call("POST", "/hooks", {"name": "Shop"})
    post = {"customer": {"email": "lena@example.com", "first_name": "Lena"}, "id": "A1023", "total": 99}
    posted_to_hook = await install.http.post(f"/api/automation/webhook/{hook['id']}?test=1", json=post)
    assert posted_to_hook.status_code == 200, posted_to_hook.text
    return Automated("welcome", run["id"], "spring", campaign, source["key"], posted.json()["data"]["id"], hook["key"])
