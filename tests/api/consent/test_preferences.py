"""The page behind links in emails: it shows what a person gets, and changes it by a POST alone."""

import re
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.page_texts import TEXTS, language_for
from domain.audience.purposes import Purpose
from domain.keyring import Keyring
from domain.mail.links import LinkKind, LinkSigner
from services.settings.models import Branding
from store.audience import suppressions
from store.audience.consent import consents, purposes
from store.pool import InTransaction
from tests.api.mail_stack import EMAIL, PUBLIC, delivered, events, links, post, public_stack, sender
from tests.stack import Stack, User

ADA = "ada@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
NEWS = Purpose("news", "News <b>", channels=("email", "sms"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    async with public_stack(stack) as opened:
        yield opened


async def mail_of(stack: Stack, user: User, **wide) -> dict:
    (mail,) = await delivered(stack, user, {"contact": [EMAIL], "unsubscribe": True, **wide})
    return mail


def path(mail: dict) -> str:
    return mail["unsubscribe_url"].removeprefix(PUBLIC)


async def with_purposes(stack: Stack, *own: Purpose) -> User:
    user = await sender(stack)
    for purpose in own or (NEWS,):
        await purposes.put(stack.pool, user.id, purpose)
    return user


async def states(stack: Stack, user: User, channel: str = "email", recipient: str = ADA) -> dict[str, str]:
    return {one.purpose: one.state for one in await consents.current(stack.pool, user.id, channel, recipient)}


async def suppressed(stack: Stack, user: User) -> list[tuple]:
    found = await suppressions.page(stack.pool, suppressions.Filter(user.id), None, 9)
    return [(one.channel, one.recipient, one.reason, one.until is not None, one.uid) for one in found]


def boxes(html: str) -> dict[str, bool]:
    """By value, whether a box is checked."""
    return {value: bool(checked) for value, checked in re.findall(r'name="topic" value="([^"]+)"( checked)?', html)}


async def contact(stack: Stack, user: User, **fields: str) -> None:
    names = ["id", "account_id", *fields]
    async with stack.pool.connection() as conn:
        await conn.execute(
            f"insert into contacts ({', '.join(names)}) values ({', '.join(['%s'] * len(names))})",
            (uuid4(), user.id, *fields.values()),
        )


async def test_one_click_withdraws_the_purpose_of_the_message_and_no_other(public: Stack):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    for _ in range(2):
        assert (await public.http.post(path(mail), data=ONE_CLICK)).status_code == 200
    assert await states(public, user) == {"news": "withdrawn"}
    assert await suppressed(public, user) == []
    assert await events(public.pool, mail["uid"]) == [("unsubscribed", None)]
    (first, _) = await consents.history(public.pool, user.id, "email", ADA)
    assert (first.source, first.proof["uid"]) == ("one_click", mail["uid"])
    assert first.ip == "127.0.0.1"
    await mail_of(public, user, purpose="marketing")


async def test_one_click_of_a_transactional_message_or_without_purposes_is_for_all(public: Stack):
    for user in (await with_purposes(public), await sender(public)):
        mail = await mail_of(public, user)
        await public.http.post(path(mail), data=ONE_CLICK)
        assert await suppressed(public, user) == [("email", ADA, "unsubscribed", False, UUID(mail["uid"]))]


async def test_looking_changes_nothing(public: Stack):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    for link in (path(mail), path(mail).replace("/u/", "/p/")):
        for query in ("", "?action=all_off", "?List-Unsubscribe=One-Click"):
            await public.http.get(link + query)
    assert (await states(public, user), await suppressed(public, user)) == ({}, [])


async def test_the_page_shows_topics_by_channel_and_saves_what_is_chosen(public: Stack):
    user = await with_purposes(public, NEWS, Purpose("tips", "Tips", default="opt_in"))
    await purposes.put(public.pool, user.id, Purpose("hidden", "Hidden", public=False))
    await contact(public, user, email="ADA@example.com", phone="+4915112345678")
    mail = await mail_of(public, user, purpose="news")
    page = (await public.http.get(path(mail))).text
    assert boxes(page) == {
        "marketing email": True,
        "marketing sms": True,
        "marketing whatsapp": True,
        "news email": True,
        "news sms": True,
        "tips email": False,
        "tips sms": False,
        "tips whatsapp": False,
    }
    assert "News &lt;b&gt;" in page
    assert "49151" not in page
    assert "ada" not in page.lower()
    chosen = ["news sms", "tips email", "marketing email", "hidden email", "nope sms", "news fax", ""]
    answer = await public.http.post(path(mail), data={"action": "save", "topic": chosen})
    assert answer.status_code == 200
    kept = {value for value, checked in boxes(answer.text).items() if checked}
    assert kept == {"news sms", "tips email", "marketing email"}
    assert await states(public, user) == {"news": "withdrawn", "tips": "granted"}
    assert await states(public, user, "sms", "+4915112345678") == {"marketing": "withdrawn"}


async def test_all_off_leaves_transactional_messages_alone_where_there_are_purposes(public: Stack):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    page = await public.http.post(path(mail), data={"action": "all_off"})
    assert set(boxes(page.text).values()) == {False}
    assert await states(public, user) == {"*": "withdrawn"}
    refused = await post(public, user, {"contact": [EMAIL], "purpose": "news"})
    final = await public.final(user, "email", refused.json()["data"][0]["uid"])
    assert final["code"] == "consent_withdrawn"
    await mail_of(public, user)


async def test_a_pause_of_thirty_days_and_its_end(public: Stack):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    page = await public.http.post(path(mail), data={"action": "pause"})
    assert "Paused until" in page.text
    assert await consents.paused_until(public.pool, user.id, "email", ADA)
    await mail_of(public, user)
    await public.http.post(path(mail), data={"action": "resume"})
    assert await consents.paused_until(public.pool, user.id, "email", ADA) is None
    await mail_of(public, user, purpose="news")


async def test_without_purposes_there_is_all_a_pause_or_nothing(public: Stack):
    user = await sender(public)
    mail = await mail_of(public, user)
    page = await public.http.get(path(mail))
    assert boxes(page.text) == {}
    await public.http.post(path(mail), data={"action": "pause"})
    assert await suppressed(public, user) == [("email", ADA, "paused", True, UUID(mail["uid"]))]
    await public.http.post(path(mail), data={"action": "all_off"})
    assert await suppressed(public, user) == [("email", ADA, "unsubscribed", False, UUID(mail["uid"]))]
    await public.http.post(path(mail), data={"action": "pause"})
    assert [one[2] for one in await suppressed(public, user)] == ["unsubscribed"]
    await public.http.post(path(mail), data={"action": "resume"})
    assert await suppressed(public, user) == []


async def test_who_chooses_something_again_is_no_longer_unsubscribed_but_a_bounce_stays(public: Stack):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    for reason, left in (("unsubscribed", 0), ("bounced", 1)):
        await suppressions.add(public.pool, user.id, "email", ADA, reason)
        await public.http.post(path(mail), data={"action": "save", "topic": ["news email"]})
        assert len(await suppressed(public, user)) == left


async def test_texts_have_their_own_link_to_all_choices(public: Stack):
    user = await with_purposes(public)
    body = {"contact": [{"email": ADA}], "subject": "x", "message": '<a href="{{ preferences_url }}">x</a>'}
    (mail,) = await delivered(public, user, body | {"unsubscribe": True, "purpose": "news"})
    (link,) = links(mail["html"], "p")
    assert (await public.http.get(link)).status_code == 200
    assert (await public.http.post(link, data=ONE_CLICK)).status_code == 400
    assert (await public.http.post(link, data={"action": "save"})).status_code == 200
    assert await states(public, user) == {"news": "withdrawn", "marketing": "withdrawn"}


async def test_an_address_has_a_link_of_its_own(public: Stack):
    user = await with_purposes(public)
    signer = LinkSigner(public.settings.keys.get_secret_value())
    link = f"/p/{signer.of_address(LinkKind.PREFERENCES, user.id, 'sms', '+4915112345678')}"
    await public.http.post(link, data={"action": "all_off"})
    assert await states(public, user, "sms", "+4915112345678") == {"*": "withdrawn"}
    other = LinkSigner(Keyring.generate())
    forged = other.of_address(LinkKind.PREFERENCES, user.id, "sms", "+4915112345678")
    assert (await public.http.get(f"/p/{forged}")).status_code == 404
    assert (await public.http.get(link.replace("/p/", "/u/"))).status_code == 404


@pytest.mark.parametrize("body", [b"", b"action=", b"action=nope", b"\xff\xfe", b"&".join([b"topic=x"] * 900)])
async def test_a_post_that_says_nothing_changes_nothing(public: Stack, body: bytes):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    assert (await public.http.post(path(mail), content=body)).status_code == 400
    assert (await states(public, user), await suppressed(public, user)) == ({}, [])


@pytest.mark.parametrize("language", list(TEXTS))
async def test_the_page_speaks_the_language_of_its_reader(public: Stack, language: str):
    user = await with_purposes(public)
    mail = await mail_of(public, user, purpose="news")
    wanted = {"Accept-Language": f"xx, {language}-XX;q=0.9, en;q=0.1"}
    page = await public.http.get(path(mail), headers=wanted)
    assert f'<html lang="{language}">' in page.text
    assert TEXTS[language]["save"] in page.text
    await contact(public, user, email=ADA, language="it-CH")
    assert '<html lang="it">' in (await public.http.get(path(mail), headers=wanted)).text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("de", "de"), ("en;q=0.1,fr;q=0.2", "fr"), ("xx;q=oops,*;q=2,pt-BR", "pt"), ("de;q=0", "en")],
)
def test_a_header_of_languages_is_read_by_its_weights(accepted: str, language: str):
    assert language_for(None, accepted) == language


async def test_the_page_runs_nothing_and_loads_nothing(public: Stack):
    user = await with_purposes(public)
    page = await public.http.get(path(await mail_of(public, user, purpose="news")))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|\son\w+=|style=|http", page.text)
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_consent_granted_to_an_address_stays_of_that_account(public: Stack):
    mine, other = await with_purposes(public), await with_purposes(public)
    async with public.pool.connection() as conn, conn.transaction():
        new = NewConsent("email", ADA, "news", ConsentState.GRANTED, "api")
        await consents.record(InTransaction(conn), other.id, [new])
    await public.http.post(path(await mail_of(public, mine, purpose="news")), data={"action": "all_off"})
    assert await states(public, other) == {"news": "granted"}


def test_every_language_has_every_text_with_the_same_gaps():
    english = TEXTS["en"]
    for texts in TEXTS.values():
        assert texts.keys() == english.keys()
        for name, text in texts.items():
            assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english[name]), text
    assert Branding().product_name
