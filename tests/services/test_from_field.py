"""The field ``from``: one plain address with a name that hides nothing, whatever is tried."""

import pytest

from services.contacts.mail.from_field import From, InvalidFrom, check_name, read_from


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("news@example.com", "news@example.com", None),
        (" Ann@Example.COM ", "Ann@example.com", None),
        ("<news@example.com>", "news@example.com", None),
        ("News <news@example.com>", "news@example.com", "News"),
        ("  Müller & Söhne, Inc.  <news@example.com>", "news@example.com", "Müller & Söhne, Inc."),
        ('"News, daily" <news@example.com>', "news@example.com", "News, daily"),
        ('"A \\"B\\" \\\\" <news@example.com>', "news@example.com", 'A "B" \\'),
        ("新闻 👩‍💻 <news@bücher.de>", "news@xn--bcher-kva.de", "新闻 👩‍💻"),
        ("news+a@example.com", "news+a@example.com", None),
    ],
)
def test_one_address_with_or_without_a_name(text: str, address: str, name: str | None):
    assert read_from(text) == From(address, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "News",
        "<>",
        "News <>",
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "News <a@example.com>, Other <b@example.com>",
        "News <a@example.com> <b@example.com>",
        "<a@example.com> News",
        "a@example.com (b@example.org)",
        "(comment) a@example.com",
        "News <a@example.com (comment)>",
        '"a b"@example.com',
        '"b@example.org"@example.com',
        "a@b@example.com",
        "a@[127.0.0.1]",
        "a@example.com\r\nBcc: b@example.org",
        "News\r\nBcc: b@example.org <a@example.com>",
        "News\x00 <a@example.com>",
        "a\x00@example.com",
        "a@exam\x00ple.com",
        "a@example.com\n",
        "=?utf-8?q?a=40example.org?= a@example.com",
        "News <a@example.com",
        "group: a@example.com;",
        "ä@example.com",
        "а@example.com",
        "a@example.com@",
        "a＠example.com",
        "a@.example.com",
        "@example.com",
        "\ud800 <a@example.com>",
        '"News <a@example.com>',
    ],
)
def test_what_is_not_exactly_one_address_is_refused(text: str):
    with pytest.raises(InvalidFrom):
        read_from(text)


@pytest.mark.parametrize(
    "name",
    [
        "ceo@bank.com",
        "CEO (ceo@bank.com)",
        "ceo＠bank.com",
        "ceo﹫bank.com",
        "moc.knab@oec\u202e",
        "Bank\u2066 x\u2069",
        "Bank\u200f",
        "Bank\u2028From: x",
        "x\ty",
        "\ufeffBank",
        "x" * 201,
    ],
)
def test_a_name_that_looks_like_another_sender_is_refused(name: str):
    with pytest.raises(InvalidFrom):
        check_name(name)
    with pytest.raises(InvalidFrom):
        check_name(name, "news@example.com")


def test_the_own_address_may_be_the_name():
    check_name("News@Example.com", "news@example.com")
    with pytest.raises(InvalidFrom):
        check_name("news@example.com", "other@example.com")


def test_a_letter_that_looks_like_another_makes_another_domain():
    assert read_from("a@exаmple.com").address == "a@xn--exmple-4nf.com"
