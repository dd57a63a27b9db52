"""Which links of a text are shortened, where each ends, and what it leads to."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.links.shortening import LinkRules, Shortener, ShortLinks
from domain.links.targets import ascii_target, with_utm

BASE = "https://links.example.com/"
RULES = LinkRules(BASE, shorten=True)
LINK = f"{BASE}00000000"


def shortened(text: str, rules: LinkRules = RULES) -> tuple[str, tuple[str, ...]]:
    shortener = Shortener(rules)
    made = shortener.shorten(text)
    return made, shortener.links.targets if shortener.links else ()


@pytest.mark.parametrize(
    ("text", "made", "target"),
    [
        ("https://x.y/z", LINK, "https://x.y/z"),
        ("see https://x.y/z.", f"see {LINK}.", "https://x.y/z"),
        ("see https://x.y/z?!…", f"see {LINK}?!…", "https://x.y/z"),
        ("(https://x.y/z)", f"({LINK})", "https://x.y/z"),
        ("[now](https://x.y/z), ok", f"[now]({LINK}), ok", "https://x.y/z"),
        ("https://x.y/A_(b)", LINK, "https://x.y/A_(b)"),
        ("(see https://x.y/A_(b))", f"(see {LINK})", "https://x.y/A_(b)"),
        ("*https://x.y/z*", f"*{LINK}*", "https://x.y/z"),
        ("https://x.y/z*", LINK, "https://x.y/z*"),
        ("'https://x.y/z'", f"'{LINK}'", "https://x.y/z"),
        ("<https://x.y/z>", f"<{LINK}>", "https://x.y/z"),
        ('"https://x.y/z"', f'"{LINK}"', "https://x.y/z"),
        ("Link:https://x.y/z", f"Link:{LINK}", "https://x.y/z"),
        ("点击https://x.y/z。谢谢", f"点击{LINK}。谢谢", "https://x.y/z"),
        ("a\nhttps://x.y/z\nb", f"a\n{LINK}\nb", "https://x.y/z"),
        ("HTTPS://X.Y/Z", LINK, "https://x.y/Z"),
        ("https://x.y/z#top?a=1", LINK, "https://x.y/z#top?a=1"),
        ("https://x.y?a=%20&b=[1]", LINK, "https://x.y?a=%20&b=[1]"),
        ("https://x.y:8443/", LINK, "https://x.y:8443/"),
        ("https://bücher.example/ü?q=ä", LINK, "https://xn--bcher-kva.example/%C3%BC?q=%C3%A4"),
        ("http://[2001:db8::1]/a", LINK, "http://[2001:db8::1]/a"),
    ],
)
def test_a_link_is_shortened_and_what_stands_around_it_is_not(text: str, made: str, target: str):
    assert shortened(text) == (made, (target,))


@pytest.mark.parametrize(
    "text",
    [
        "no link",
        "www.x.y/z",
        "https://",
        "ftp://x.y/z",
        "myapp://open?u=https://x.y/z",
        "myapp:open?u=(https://x.y/z)",
        "intent://x.y/z#Intent;scheme=https;S.browser_fallback_url=https://x.y/z;end",
        "javascript:https://x.y/z",
        "intent:https://x.y/z",
        "view-source:https://x.y/z",
        "xhttps://x.y/z",
        "https://user@x.y/z",
        "https://user:pass@x.y/z",
        "https://x.y%00.evil/z",
        "https://x.y:99999/z",
        "https://-/" + "ü" * 400,
        "https://x.y/" + "a" * 2000,
        f"{BASE}AbCdEfGh",
        "mailto:a@x.y?body=https://x.y",
    ],
)
def test_what_is_no_web_link_of_its_own_stays_as_it_is(text: str):
    assert shortened(text) == (text, ())


def test_a_link_in_the_query_of_another_belongs_to_it():
    assert shortened("https://x.y/?next=https://a.b/c") == (LINK, ("https://x.y/?next=https://a.b/c",))


def test_the_same_link_twice_has_one_code_and_another_one_its_own():
    made, targets = shortened("https://x.y/a https://x.y/b https://x.y/a")
    assert made == f"{LINK} {BASE}00000001 {LINK}"
    assert targets == ("https://x.y/a", "https://x.y/b")


def test_links_beyond_the_fiftieth_stay():
    made, targets = shortened(" ".join(f"https://x.y/{number}" for number in range(52)))
    assert len(targets) == 50
    assert made.endswith(" https://x.y/50 https://x.y/51")


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        ("https://app.example.com/x", True),
        ("https://APP.example.com", True),
        ("https://app.example.com.evil.test/", False),
        ("https://a.go.example.com/", True),
        ("https://go.example.com/", False),
        ("https://example.com/open/1", True),
        ("https://example.com/opened", False),
    ],
)
def test_links_of_own_apps_are_left_alone(url: str, is_kept: bool):
    rules = LinkRules(BASE, shorten=True, keep=("app.example.com", "*.go.example.com", "example.com/open/"))
    assert (shortened(url, rules)[1] == ()) is is_kept


def test_nothing_is_shortened_without_the_wish_or_an_address():
    for rules in (LinkRules(BASE), LinkRules("", shorten=True)):
        assert shortened("https://x.y/z", rules) == ("https://x.y/z", ())


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://x.y", "https://x.y?utm_source=a%20b&utm_medium=sms"),
        ("https://x.y/?", "https://x.y/?utm_source=a%20b&utm_medium=sms"),
        ("https://x.y/?q=%20+#f?x", "https://x.y/?q=%20+&utm_source=a%20b&utm_medium=sms#f?x"),
        ("https://x.y/?UTM_Source=own", "https://x.y/?UTM_Source=own&utm_medium=sms"),
        ("https://x.y/?utm_source=1&utm_medium=2", "https://x.y/?utm_source=1&utm_medium=2"),
    ],
)
def test_parameters_are_added_that_a_target_lacks(url: str, made: str):
    assert with_utm(url, (("source", "a b"), ("medium", "sms"))) == made


def test_each_place_gets_its_code_and_a_code_is_never_taken_for_a_place():
    links = ShortLinks(BASE, ("https://x.y/a", "https://x.y/b"))
    text = f"{BASE}00000000 {BASE}00000001 {BASE}00000002 {BASE}00000000x"
    assert links.filled(text, ["00000001", "zzzzzzzz"]) == (
        f"{BASE}00000001 {BASE}zzzzzzzz {BASE}00000002 {BASE}00000000x"
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://" * 60_000,
        f"{'a' * 399} http://x.y " * 1200,
        f":{'a' * 390}(http://x.y " * 1200,
        f"{'(' * 390}http://x.y " * 1200,
        f"{'a-' * 195}：http://x.y " * 1200,
        "(" * 400_000 + "https://x.y/z",
        "https://x.y/" + ")" * 480_000,
    ],
)
def test_the_longest_texts_take_no_time(text: str):
    began = time.perf_counter()
    shortened(text)
    assert time.perf_counter() - began < 1.0


def test_the_rules_of_an_account_come_from_its_settings_and_the_installs_address():
    assert LinkRules.of(None, None) == LinkRules()
    assert LinkRules.of(None, "https://send.test/") == LinkRules("https://send.test/l/")
    settings = {
        "domain": "l.test",
        "shorten_links": True,
        "keep_links": ["a.test"],
        "utm": {"medium": "m", "source": "s"},
    }
    own = LinkRules("https://l.test/", True, ("a.test",), (("source", "s"), ("medium", "m")))
    assert LinkRules.of(settings, None) == own
    assert own.asked(None, False).shorten is False
    assert own.asked(None, None).shorten is True
    assert own.asked(True, False).shorten is True


_PIECES = [*"/?#=@:.,)(* \naé%[]", "https://", "http://", "x.y", BASE]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_is_no_link_is_never_touched_and_links_lead_where_they_did(text: str):
    shortener = Shortener(RULES)
    made = shortener.shorten(text)
    links = shortener.links
    if links is None:
        assert made == text
        return
    again = links.unshortened(made)
    if text.isascii():
        assert again.casefold() == text.casefold()
    for target in links.targets:
        assert ascii_target(target) == target
    filled = links.filled(made, [f"{number:x>8}" for number in range(len(links.targets))])
    assert len(filled) == len(made)
