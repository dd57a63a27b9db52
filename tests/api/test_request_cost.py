"""What reading a body costs is foreseen before it is read: never too little, and seldom too much."""

import gc
import json
import time
from contextlib import suppress

import pytest

from api.http.errors import ApiError
from api.http.request_cost import MAX_VALUES, ON_LOOP, reading_cost, shortening_cost
from api.sending.parse_request import may_be_large, read_request
from domain.channels import Channel
from domain.errors import InvalidError
from domain.links.shortening import LinkRules, Shortener
from services.contacts.read import Terms

TERMS = Terms("UTC", "FR", account_id=1, public_url="https://example.com")
SMS = {"number": "+14155550123", "body": "Your code is 4711"}
EMAIL = {"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}
MIB = 1024 * 1024


def body(*contacts: object, ascii_only: bool = True, **wide: object) -> bytes:
    return json.dumps({"contact": contacts, **wide}, ensure_ascii=ascii_only).encode()


def filled(unit: str, size: int = MIB // 2) -> bytes:
    return f"[{','.join([unit] * (size // (len(unit) + 1)))}]".encode()


def idn(contact: int, domain: str) -> dict[str, object]:
    return EMAIL | {"cc": [f"a@{domain}{contact * 10 + copy}.com" for copy in range(10)]}


HTML = "<style>p, a { color: red }</style>" * 50 + '<p class="x">Dear friend, how are you?</p>' * 400
CHEAP = {
    "one": body(SMS),
    "a hundred texts": body(*[SMS] * 100),
    "a hundred emails": body(*[EMAIL] * 100),
    "a newsletter to one": body(EMAIL | {"message": HTML}),
    "ten accented names": body(*[EMAIL | {"email": f"é{n}@example.com"} for n in range(10)], ascii_only=False),
    "a template for ten": body(*[{"number": "+14155550123", "name": "Ada"}] * 10, message="Hi {{ name }}!"),
    "a large file": body(
        EMAIL | {"attachments": [{"filename": "a.pdf", "content_type": "application/pdf", "content": "QUFB" * 150_000}]}
    ),
}
DEAR = {
    "a field of lists": b'{"contact":[{"number":"+14155550123","body":"x"}],"x":' + filled("[]") + b"}",
    "a contact's field of lists": b'{"contact":[{"number":"1","x":' + filled("[]") + b"}]}",
    "objects": b'{"contact":[],"x":' + filled('{"a":1}') + b"}",
    "digits": b'{"contact":[],"x":' + filled("1") + b"}",
    "texts": b'{"contact":[],"x":' + filled('"ab"') + b"}",
    "contacts by another name": b'{"contact":' + filled('{"\\u006eumber":1}', 50_000) + b"}",
    "umlaut domains": body(*(idn(n, "ü" * 20) for n in range(100)), ascii_only=False),
    "umlaut domains as escapes": body(*(idn(n, "ü" * 20) for n in range(100))),
    "domains in Punycode": body(*(idn(n, "xn--mnchen-3ya.") for n in range(100))),
    "long umlaut domains": body(*(idn(n, "é." * 100) for n in range(1)), ascii_only=False),
    "odd addresses": body(*(EMAIL | {"cc": [f"a!b@e{n}{copy}.com" for copy in range(10)]} for n in range(100))),
    "many templates": body(SMS, message="{{a}}" * 3000),
    "a long template": body(SMS | {"a": 1}, message=("{{ a" + "|size" * 90 + " }}") * 10),
    "filters for many": body(*[{"number": "+14155550123", "n": 1}] * 100, message="{{ n | default: 'x' }}" * 3),
    "loops": body(SMS, message="{% for a in b %}{% endfor %}"),
    "hidden loops": body(SMS, message="@").replace(b"@", b"\\u007b\\u0025 for a in b %}"),
    "fallbacks for all": body(*[SMS] * 100, fallback=[{"channel": "sms", "after": "1m", "body": "x"}] * 3),
    "short links for many": body(*[SMS] * 20, message="https://x.test/a " * 20, shorten_links=True),
    "headers": body(*[EMAIL | {"headers": {f"X-{n}": "x" for n in range(20)}}] * 100),
}


def seconds(raw: bytes) -> float:
    """Of processor time for reading a body, whatever is said of it."""
    gc.disable()  # it would look through all that the tests before have left
    begun = time.thread_time()
    try:
        for channel in (Channel.SMS, Channel.EMAIL):
            with suppress(InvalidError):
                read_request(raw, channel, TERMS)
        return time.thread_time() - begun
    finally:
        gc.enable()


@pytest.mark.parametrize("name", CHEAP)
def test_what_people_send_is_read_at_once(name: str):
    assert not may_be_large(CHEAP[name])


@pytest.mark.parametrize("name", DEAR)
def test_what_takes_long_is_known_beforehand(name: str):
    assert may_be_large(DEAR[name])


@pytest.mark.parametrize("name", CHEAP)
def test_what_is_read_at_once_takes_no_longer_than_foreseen(name: str):
    raw = CHEAP[name]
    # Twice what is foreseen, for both channels.
    assert min(seconds(raw) for _ in range(20)) < max(reading_cost(raw), 1000) * 4 / 1e6


def test_links_cost_only_those_who_have_them_shortened():
    raw = body(*[{"number": "+14155550123"}] * 50, message="https://x.test/a " * 20)
    assert not may_be_large(raw)
    assert may_be_large(raw, LinkRules("https://l.test/", shorten=True))


def test_links_take_no_longer_than_foreseen():
    raw = body({"number": "+14155550123", "body": "https://bücher.test/ü?a=b " * 60}, shorten_links=True)
    shorter = Shortener(LinkRules("https://l.test/", shorten=True))
    text = json.loads(raw)["contact"][0]["body"]
    begun = time.thread_time()
    for _ in range(20):
        shorter.shorten(text)
    assert time.thread_time() - begun < 20 * 3 * shortening_cost(raw) / 1e6


def test_foreseeing_takes_a_moment():
    assert min(timed(raw) for raw in [max(DEAR.values(), key=len)] * 3) < 0.05


def timed(raw: bytes) -> float:
    begun = time.thread_time()
    reading_cost(raw)
    return time.thread_time() - begun


def test_braces_and_commas_of_a_text_count_for_little():
    assert reading_cost(body(EMAIL | {"message": "{a,b}" * 10_000})) < ON_LOOP


@pytest.mark.parametrize("wrong", ["{}", "0", '{"number":5}', '{"number":"","body":"x"}'])
def test_a_list_of_wrong_contacts_is_refused_sooner_than_a_right_one_is_read(wrong: str):
    raw = ('{"contact":[' + ",".join([wrong] * 20_000) + "]}").encode()
    right = body(*[SMS] * 20_000)
    with pytest.raises(InvalidError, match="more: what follows was not checked") as refused:
        read_request(raw, Channel.SMS, TERMS)
    assert len(refused.value.fields) == 100
    assert refused.value.fields[0].pointer.startswith("/contact/0")
    assert min(seconds(raw) for _ in range(3)) < min(seconds(right) for _ in range(3))


def test_wrong_contacts_behind_right_ones_are_pointed_at():
    with pytest.raises(InvalidError) as refused:
        read_request(body(*[SMS] * 250, SMS | {"body": 5}, SMS, {}), Channel.SMS, TERMS)
    assert [error.pointer for error in refused.value.fields] == ["/contact/250/body", "/contact/252/number"]
    assert refused.value.message.endswith("(and 1 more)")


def test_more_values_than_memory_should_hold_are_not_parsed():
    begun = time.thread_time()
    with pytest.raises(ApiError) as refused:
        read_request(b'{"contact":[' + b"[]," * MAX_VALUES + b"[]]}", Channel.SMS, TERMS)
    assert (refused.value.status, refused.value.code) == (413, "too_many_values")
    assert time.thread_time() - begun < 0.5
