"""Mailboxes and links in untrusted events: in the form that we store, or none at all."""

import pytest

from gateways.webhooks.events import LINK_CAP, link, mailbox


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("Ann@Example.COM", "Ann@example.com"),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
        ("ann@example.com, bob@example.com", None),
        ("Ann <ann@example.com>", None),
        ("a\0@example.com", None),
        ("", None),
        (["ann@example.com"], None),
        (None, None),
    ],
)
def test_a_mailbox_is_one_plain_address(named, meant):
    assert mailbox(named) == meant


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        (signed := "https://bucket.example.com/file?X-Amz-Signature=" + "f" * 1000, signed),
        (" https://example.com/\0a\n", "https://example.com/a"),
        ("x" * (LINK_CAP + 1), "x" * LINK_CAP),
        ("\0 ", None),
        ({"url": "https://example.com/"}, None),
        (None, None),
    ],
)
def test_a_link_is_kept_whole(named, meant):
    assert link(named) == meant
