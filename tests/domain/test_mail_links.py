"""Links of our own in emails: who made them, for what, for which message."""

from uuid import uuid4

import pytest

from domain.keyring import Keyring
from domain.mail.links import LinkKind, LinkSigner

URL = "https://example.com/ü?a=1&b=%20#c"


def test_a_token_tells_its_message_and_where_it_leads():
    signer, uid = LinkSigner(Keyring.generate()), uuid4()
    assert signer.read(LinkKind.OPEN, signer.token(LinkKind.OPEN, uid)) == (uid, "")
    assert signer.read(LinkKind.CLICK, signer.token(LinkKind.CLICK, uid, URL)) == (uid, URL)


def test_a_token_has_only_what_needs_no_quoting_in_a_url():
    token = LinkSigner(Keyring.generate()).token(LinkKind.CLICK, uuid4(), URL)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()


@pytest.mark.parametrize("other", [LinkKind.OPEN, LinkKind.CLICK])
def test_no_token_serves_another_purpose(other: LinkKind):
    signer = LinkSigner(Keyring.generate())
    assert signer.read(LinkKind.UNSUBSCRIBE, signer.token(other, uuid4())) is None


def test_nobody_without_the_key_makes_a_token():
    uid = uuid4()
    foreign = LinkSigner(Keyring.generate()).token(LinkKind.UNSUBSCRIBE, uid)
    assert LinkSigner(Keyring.generate()).read(LinkKind.UNSUBSCRIBE, foreign) is None


def test_a_token_with_any_character_changed_is_not_ours():
    signer = LinkSigner(Keyring.generate())
    token = signer.token(LinkKind.CLICK, uuid4(), "https://example.com/abcdef")
    for place in range(len(token)):
        changed = token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :]
        read = signer.read(LinkKind.CLICK, changed)
        assert read is None or read == signer.read(LinkKind.CLICK, token), place  # spare bits of the last characters


@pytest.mark.parametrize("token", ["", "A", "A" * 42, "A" * 43, "A" * 44, "ü" * 43, "../../etc", "=" * 50, "A" * 5000])
def test_garbage_is_not_a_token(token: str):
    assert LinkSigner(Keyring.generate()).read(LinkKind.CLICK, token) is None


def test_links_of_an_older_key_go_on_working():
    old, uid = Keyring.generate(), uuid4()
    token = LinkSigner(old).token(LinkKind.UNSUBSCRIBE, uid)
    rotated = LinkSigner(Keyring.generate().replace("k1:", "k2:") + "," + old)
    assert rotated.read(LinkKind.UNSUBSCRIBE, token) == (uid, "")
    assert rotated.token(LinkKind.UNSUBSCRIBE, uid) != token
