"""What statuses and Retry-After mean."""

import pytest
import time_machine

from domain.messages.outcomes import GatewayDown, Refused, RetryLater, Unknown
from gateways.answers import REASON_CAP, clean, failure, retry_after
from gateways.net.http_answer import Answer


def _answer(status, body=b"", **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [400, 409, 410, 413, 415, 422, 451])
def test_refused(status):
    assert failure(_answer(status)) == Refused(f"http_{status}", f"answered {status}")


@pytest.mark.parametrize("status", [401, 402, 403, 407, 408, 500, 501, 502, 503, 521, 522])
def test_down(status):
    assert isinstance(failure(_answer(status)), GatewayDown)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 405])
def test_an_address_that_is_not_that_of_the_api_is_the_gateways_fault(status):
    assert isinstance(failure(_answer(status)), GatewayDown)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", GatewayDown),
        (b"<html>no such page</html>", GatewayDown),
        (b"404 page not found", GatewayDown),
        (b'"Not Found"', GatewayDown),
        (b'{"error": "no such subscriber"}', Refused),
    ],
)
def test_a_page_that_is_not_there_is_no_api(body, expected):
    assert isinstance(failure(_answer(404, body)), expected)


@pytest.mark.parametrize("status", [504, 520, 524])
def test_unknown_where_a_proxy_heard_nothing_back(status):
    assert isinstance(failure(_answer(status)), Unknown)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_later(status):
    assert failure(_answer(status, retry_after="7")).after == 7.0


def test_throttled_without_a_time():
    assert failure(_answer(429)) == RetryLater(None, "answered 429")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("999999999", 3600.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after(text, seconds):
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        assert retry_after(_answer(429, retry_after=text)) == seconds


def test_reason_is_one_clean_short_line():
    said = failure(_answer(400, b"bad\x00 \x1b[31mnumber\r\nSet-Cookie: x\xff " + b"y" * 1000)).reason
    assert said.isprintable()
    assert said.startswith("answered 400: bad [31mnumber Set-Cookie: x")
    assert len(said) <= REASON_CAP + len("answered 400: ")


def test_page_for_people_is_no_reason():
    said = failure(_answer(413, b"<html><h1>413</h1>", content_type="text/html")).reason
    assert said == "answered 413: (an HTML page)"


def test_clean_strips_line_separators():
    assert clean("a\u2028b\x85c") == "a b c"
