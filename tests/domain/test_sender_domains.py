"""Names of sender domains, their states after checks, SPF records, and what is said about records that were found."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidError
from domain.mail.dns_records import (
    check_dkim,
    check_dmarc,
    check_ownership,
    check_spf,
    dkim_record,
    dmarc_record,
    ownership_record,
    spf_record,
)
from domain.mail.sender_domains import Standing, after_check, normalise_domain
from domain.mail.spf import lookups, merged

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KEY = "MIIBIjANBgkqh" + "k" * 379


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("news.example.co.uk", "news.example.co.uk"),
        ("bücher.example.com", "xn--bcher-kva.example.com"),
        ("straße.de", "xn--strae-oqa.de"),
        ("XN--BCHER-KVA.example.com", "xn--bcher-kva.example.com"),
        ("exаmple.com", "xn--exmple-4nf.com"),
        ("example。com", "example.com"),
    ],
)
def test_a_domain_has_one_spelling(given: str, expected: str):
    assert normalise_domain(given) == expected


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("com", "domain_invalid"),
        ("co.uk", "domain_public"),
        ("com.au", "domain_public"),
        ("", "domain_invalid"),
        ("https://example.com/", "domain_invalid"),
        ("ann@example.com", "domain_invalid"),
        ("example.com:25", "domain_invalid"),
        ("127.0.0.1", "domain_invalid"),
        ("[127.0.0.1]", "domain_invalid"),
        ("*.example.com", "domain_invalid"),
        ("_dmarc.example.com", "domain_invalid"),
        ("-a.example.com", "domain_invalid"),
        ("example..com", "domain_invalid"),
        ("example.com\r\nx.com", "domain_invalid"),
        ("exam\0ple.com", "domain_invalid"),
        ("\ud800.com", "domain_invalid"),
        ("example.com, example.org", "domain_invalid"),
        ("localhost", "domain_invalid"),
        (".".join(["a" * 60] * 4) + ".com", "domain_invalid"),
        ("a" * 64 + ".com", "domain_invalid"),
    ],
)
def test_what_nobody_can_own_is_refused(given: str, code: str):
    with pytest.raises(InvalidError) as refused:
        normalise_domain(given)
    assert refused.value.code == code


def stands(*checks: tuple[float, str]) -> list[str]:
    """The states of a verified domain after checks: hours, and ``ok``, ``gone`` or ``unclear``."""
    standing, states = Standing("verified"), []
    for hours, result in checks:
        standing = after_check(
            standing, proven=result == "ok", disproved=result == "gone", now=NOW + timedelta(hours=hours)
        )
        states.append(standing.state)
    return states


def test_a_domain_is_lost_only_after_days_of_checks_that_prove_it():
    every_six_hours = [(6.0 * number, "gone") for number in range(13)]
    assert stands(*every_six_hours) == ["verified"] * 2 + ["failing"] * 10 + ["unverified"]


def test_checks_in_a_hurry_do_not_count_as_days():
    assert set(stands(*[(number / 60, "gone") for number in range(50)])) == {"verified"}


def test_one_check_that_finds_all_ends_the_failing():
    assert stands((0, "gone"), (8, "gone"), (16, "gone"), (17, "ok"), (20, "gone"), (90, "gone")) == [
        *("verified", "verified", "failing", "verified", "verified", "verified")
    ]


def test_what_the_dns_does_not_say_is_no_proof():
    assert set(stands(*[(24.0 * number, "unclear") for number in range(30)])) == {"verified"}
    assert after_check(Standing(), proven=False, disproved=False, now=NOW) == Standing()


@pytest.mark.parametrize(
    ("found", "needed", "expected"),
    [
        ([], [], "v=spf1 a mx ~all"),
        ([], ["include:sendgrid.net"], "v=spf1 a mx include:sendgrid.net ~all"),
        (["v=spf1 mx -all"], ["include:a.test"], "v=spf1 mx include:a.test -all"),
        (["V=SPF1 +Include:A.test -ALL"], ["include:a.test"], "v=spf1 +Include:A.test -ALL"),
        (["v=spf1 a", "v=spf1 mx ip4:192.0.2.0/24 ?all"], [], "v=spf1 a mx ip4:192.0.2.0/24 ?all"),
        (["v=spf1 redirect=x.test"], ["include:a.test"], "v=spf1 include:a.test redirect=x.test"),
        (["v=spf1"], [], "v=spf1 a mx ~all"),
    ],
)
def test_one_spf_record_keeps_what_was_there(found: list[str], needed: list[str], expected: str):
    assert merged(found, needed) == expected


def test_terms_of_spf_that_ask_the_dns_are_counted():
    text = "v=spf1 a mx:x.test a/24 include:one.test ?include:TWO.test. ip4:192.0.2.1 exists:%{i}.x.test -all"
    assert lookups(text) == (6, ["one.test", "two.test"])
    assert lookups("v=spf1 redirect=other.test") == (1, ["other.test"])


def test_a_long_record_can_be_copied_in_pieces():
    record = dkim_record("example.com", "xs1", KEY)
    assert "".join(record.strings) == record.value
    assert [len(piece) <= 255 for piece in record.strings] == [True, True]
    assert record.name == "xs1._domainkey.example.com"


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        ([], "missing", "no such TXT record"),
        (["google-site-verification=1"], "missing", "only others"),
        ([f"v=DKIM1; k=rsa; p={KEY}"], "found", ""),
        ([f"k=rsa;p={KEY[:100]} {KEY[100:]} ;"], "found", ""),
        ([f"v=DKIM1;h=sha1:sha256;s=email;t=y;p={KEY}"], "found", ""),
        ([f"v=DKIM1; k=rsa; p={KEY[:200]}"], "different", "cut off"),
        ([f"v=DKIM1; k=rsa; p={KEY.lower()}"], "different", "another one"),
        (["v=DKIM1; k=rsa; p="], "different", "revoked"),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], "different", "k=rsa"),
        ([f"v=DKIM1; h=sha1; p={KEY}"], "different", "SHA-256"),
        ([f"v=DKIM1; s=tlsrpt; p={KEY}"], "different", "forbids email"),
        ([f"v=DKIM1; k=rsa; p={KEY}", "v=DKIM1; p=x"], "different", "several"),
    ],
)
def test_keys_are_told_apart(found: list[str], state: str, words: str):
    checked = check_dkim(dkim_record("example.com", "xs1", KEY), found)
    assert (checked.state, words in checked.message) == (state, True), checked


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (["xsender-verification=abc"], "found"),
        (["Xsender-Verification=ABC "], "found"),
        (["xsender-verification=other", "xsender-verification=abc"], "found"),
        (["xsender-verification=abcd"], "different"),
        (["abc"], "missing"),
        ([], "missing"),
    ],
)
def test_ownership_is_one_value_among_others(found: list[str], state: str):
    assert check_ownership(ownership_record("example.com", "abc"), found).state == state


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (["v=DMARC1; p=none"], "found"),
        (["v=DMARC1;p=Reject; adkim=s"], "found"),
        (["v=DMARC1"], "different"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "different"),
        (["p=none"], "missing"),
    ],
)
def test_a_dmarc_record_has_a_policy(found: list[str], state: str):
    record = dmarc_record("example.com")
    assert check_dmarc(record, found, record.name).state == state


def test_two_spf_records_are_an_error_with_one_to_enter():
    checked = check_spf(spf_record("example.com", []), ["v=spf1 a -all", "x", "v=spf1 mx"], ["include:a.test"], 12)
    assert (checked.state, checked.value) == ("different", "v=spf1 a mx include:a.test -all")
    assert "2 SPF records" in checked.message
    assert "12 look-ups" in checked.message


def test_what_was_found_is_shown_in_part_and_printable():
    checked = check_dkim(dkim_record("example.com", "xs1", KEY), [f"p=\x1b[2J{'x' * 4000}"] * 9)
    assert len(checked.found) == 5
    assert all(len(text) <= 600 and text.isprintable() for text in checked.found)
