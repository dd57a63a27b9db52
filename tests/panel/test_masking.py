"""Whom messages go to, and what they say, for staff who may not know: on every page that a link leads to."""

import html
import re
from collections import Counter
from dataclasses import dataclass

import httpx
import pytest_asyncio

from tests.api.admin import Staff
from tests.api.log_in import member
from tests.api.test_inbound import says
from tests.panel.seeds import made, program
from tests.panel.test_forms import signed_in
from tests.stack import Stack, User

NUMBER, SENDER, EMAIL = "+14155550173", "+14155550174", "grace.hopper@navy.example"
TEXT, REPLY, NAME = "Your secret code is 4711", "Call me at home tonight", "Rear Admiral Hopper"
PERSONAL = (NUMBER[1:], SENDER[1:], EMAIL, EMAIL.replace("@", "%40"), TEXT, REPLY, NAME)
"""What nobody finds in a page, in whatever attribute."""
FINANCE = ("/panel/plans", "/panel/plans/add", "/panel/credit-requests", "/panel/approvals", "/panel/users/{}/journal")
_LINK = re.compile(r'(?:href|hx-get|src)="(/panel/[^"]*)"')
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|=[^&]*")
_MOST_OF_A_SHAPE = 2
"""Pages of the same kind that are looked at."""


@dataclass(frozen=True)
class Personal:
    """An account with messages in both directions, and a person."""

    account: User
    uid: str
    """A message that failed, with a reason."""


@pytest_asyncio.fixture
async def personal(install: Stack, account: User) -> Personal:
    own = await program(install, account)
    name = await install.gateway(own.id, "sms", "sandbox", {})
    listed = (await install.http.get("/api/gateways", headers=own.headers)).json()["data"]
    gateway = next(one["id"] for one in listed if one["identifier"] == name)
    await says(install, gateway, REPLY, sender=SENDER)
    person = {"first_name": NAME, "email": EMAIL, "phone": NUMBER}
    await made(install, own, "/api/contacts", person)
    source = await made(install, own, "/api/lead-sources", {"kind": "form", "name": "Web form"})
    await install.http.post(f"/api/leads/{source['id']}", json={"first_name": NAME, "email": EMAIL})
    mail = {"contact": [{"email": EMAIL}], "subject": TEXT, "message": TEXT}
    await install.http.post("/api/email/send", json=mail, headers=own.headers)
    answer = await install.send(own, "sms", {"number": NUMBER, "body": TEXT})
    uid = str(answer.json()["data"][0]["uid"])
    await install.final(own, "sms", uid, timeout=60)
    refused = await install.send(own, "sms", {"number": NUMBER, "body": ""})
    assert refused.status_code == 422
    return Personal(own, uid)


async def crawl(client: httpx.AsyncClient, first: list[str]) -> tuple[dict[str, httpx.Response], dict[str, str]]:
    """Every page that links lead to from these, a few of each kind; and which page links to it."""
    found: dict[str, httpx.Response] = {}
    shapes: Counter[str] = Counter()
    waiting, linked = list(first), dict.fromkeys(first, "")
    while waiting:
        path = waiting.pop(0)
        shape = _ID.sub("", path)
        if path in found or (path not in first and shapes[shape] >= _MOST_OF_A_SHAPE):
            continue
        shapes[shape] += 1
        found[path] = await client.get(path)
        if found[path].headers.get("content-type", "").startswith("text/html"):
            for link in (html.unescape(link).partition("#")[0] for link in _LINK.findall(found[path].text)):
                if not link.startswith(("/panel/assets/", "/panel/live")):
                    linked.setdefault(link, path)
                    waiting.append(link)
    return found, linked


async def test_support_finds_no_recipient_and_no_text(install: Stack, boss: Staff, personal: Personal):
    support, uid, account = await member(boss, "support"), personal.uid, personal.account.id
    first = [
        "/panel/",
        f"/panel/messages/{uid}?reveal=true",
        f"/panel/messages?user={account}&reveal=true",
        f"/panel/search?q={uid}",
        f"/panel/failures?user={account}",
        f"/panel/requests?user={account}",
        f"/panel/users/{account}",
        "/panel/sandbox",
        "/panel/replies",
    ]
    async with signed_in(install, support) as client:
        pages, linked = await crawl(client, first)
        told = {path: text for path, page in pages.items() for text in PERSONAL if text in page.text}
        assert told == {}
        refused = {path: (page.status_code, linked[path]) for path, page in pages.items() if page.status_code >= 400}
        assert refused == {}
        hits = (await client.get("/panel/search", params={"q": NUMBER}, headers={"HX-Request": "true"})).text
        assert uid in hits
        assert NUMBER not in hits
        entries = set(re.findall(r'class="entry" href="([^"]+)"', pages["/panel/"].text))
        assert "/panel/messages" in entries
        assert not entries & set(FINANCE)
        for path in FINANCE:
            assert (await client.get(path.format(account))).status_code in (403, 404), path
        async with client.stream("GET", f"/panel/live?topic=message:{uid}") as stream:
            lines = stream.aiter_lines()
            told_live = [await anext(lines) for _ in range(4)]
        assert told_live[2:] == ["event: changed", f"data: message:{uid}"]
    revealed = await boss.data("GET", f"/audit?action=message.revealed&actor=staff:{support.id}")
    assert [entry for entry in revealed if entry["outcome"] == "ok"] == []


async def test_who_reveals_a_recipient_is_recorded(install: Stack, boss: Staff, personal: Personal):
    person = await member(boss, "admin")
    async with signed_in(install, person) as client:
        assert NUMBER not in (await client.get(f"/panel/messages/{personal.uid}")).text
        assert NUMBER in (await client.get(f"/panel/messages/{personal.uid}?reveal=true")).text
    (entry,) = await boss.data("GET", f"/audit?action=message.revealed&actor=staff:{person.id}")
    assert (entry["outcome"], entry["actor"]["name"]) == ("ok", person.email)
