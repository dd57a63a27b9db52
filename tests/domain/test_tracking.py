"""Which links of an email become ours, and that nothing else of it changes."""

import pytest

from domain.mail.links import LinkKind
from domain.mail.tracking import MAX_LINKS, MAX_URL, take_apart


def tracked(html: str) -> str:
    """The HTML with every tracked URL in angle brackets."""
    linked = take_apart(html, is_html=True, unsubscribe=False, opens=False, clicks=True)
    return linked.fill(lambda kind, url: f"«{url}»")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://e.com/x">x</a>', '<a href="«https://e.com/x»">x</a>'),
        ("<A class=b HREF='http://e.com'>x</A>", "<A class=b HREF='«http://e.com»'>x</A>"),
        ("<a href=https://e.com/x>x</a>", "<a href=«https://e.com/x»>x</a>"),
        (
            '<a\n  title="a > b"\n  href = "https://e.com">x</a>',
            '<a\n  title="a > b"\n  href = "«https://e.com»">x</a>',
        ),
        ('<a href="https://e.com/?a=1&amp;b=2">x</a>', '<a href="«https://e.com/?a=1&b=2»">x</a>'),
        ('<a href="https://e.com/?a=1&timestamp=5">', '<a href="«https://e.com/?a=1&timestamp=5»">'),
        ('<a href="https://e.com/?a=1&copy=2&reg3&para;4">', '<a href="«https://e.com/?a=1&copy=2&reg3\u00b64»">'),
        ("<a href=https://e.com/?a&lt&notit;&nosuch;&amp>", "<a href=«https://e.com/?a<&notit;&nosuch;&»>"),
        ('<a href="https://e.com/?a=1&#38b=2&#x26;c=3">', '<a href="«https://e.com/?a=1&b=2&c=3»">'),
        (f'<a href="https://e.com/&#{"9" * 5000};">x</a>', '<a href="«https://e.com/\ufffd»">x</a>'),
        ('<a href=" HTTPS://e.com ">x</a>', '<a href="«HTTPS://e.com»">x</a>'),
        ('<area href="https://e.com" shape=rect>', '<area href="«https://e.com»" shape=rect>'),
        ('<a href="https://one.com" href="https://two.com">', '<a href="«https://one.com»" href="https://two.com">'),
        ('<a data-x="1"href="https://e.com">', '<a data-x="1"href="«https://e.com»">'),
        ('<a x=""y"" href="https://e.com">', '<a x=""y"" href="«https://e.com»">'),
        ('<!--> <a href="https://e.com">', '<!--> <a href="«https://e.com»">'),
        ('<style>b{}</style><a href="https://e.com">', '<style>b{}</style><a href="«https://e.com»">'),
    ],
)
def test_links_to_the_web_are_replaced(html: str, expected: str):
    assert tracked(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@e.com">x</a>',
        '<a href="tel:+1">x</a>',
        '<a href="#below">x</a>',
        '<a href="/path">x</a>',
        '<a href="">x</a>',
        "<a href>x</a>",
        "<a href=>x</a>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="https://">x</a>',
        '<a href="https://e.com/a b">x</a>',
        '<a href="https://e.com/&#10;x">x</a>',
        f'<a href="https://e.com/{"&amp;" * 2001}">x</a>',
        '<a href href="https://e.com">x</a>',
        f'<a href="https://e.com/{"x" * MAX_URL}">x</a>',
        '<a data-href="https://e.com">x</a>',
        '<abbr href="https://e.com">x</abbr>',
        '<link href="https://e.com/style.css"><img src="https://e.com/x.png">',
        '</a href="https://e.com">',
        '<!-- <a href="https://e.com">x</a> -->',
        '<!-- <a href="https://e.com">x</a>',
        '<style><a href="https://e.com"></style>',
        "<script>\"<a href='https://e.com'>\"</script>",
        '<title><a href="https://e.com">',
        "<p title=\"<a href='https://e.com'>\">x</p>",
        '<a href="https://e.com',
        '<a href="https://e.com"',
        "1 < 2 > a href=https://e.com",
    ],
)
def test_everything_else_stays_as_it_is(html: str):
    assert tracked(html) == html


def test_the_unsubscribe_link_is_filled_in_and_never_tracked():
    html = '<a href="{{ unsubscribe_url }}">out</a> <a href="https://e.com/?{{unsubscribe_url}}">x</a>'
    linked = take_apart(html, is_html=True, unsubscribe=True, opens=False, clicks=True)
    assert linked.fill(lambda kind, url: f"«{kind}»") == '<a href="«u»">out</a> <a href="https://e.com/?«u»">x</a>'


def test_the_pixel_comes_last_in_the_body():
    def fill(html: str) -> str:
        linked = take_apart(html, is_html=True, unsubscribe=False, opens=True, clicks=True)
        return linked.fill(lambda kind, url: "«o»" if kind is LinkKind.OPEN else "«c»")

    pixel = '<img src="«o»" width="1" height="1" alt="">'
    assert fill("<body><p>Hi</p></body></html>") == f"<body><p>Hi</p>{pixel}</body></html>"
    assert fill('<body><a href="https://e.com"></body>') == f'<body><a href="«c»">{pixel}</body>'
    assert fill("Hi") == f"Hi{pixel}"


def test_plain_text_gets_no_more_than_its_unsubscribe_link():
    linked = take_apart(
        '{{ unsubscribe_url }} <a href="https://e.com">', is_html=False, unsubscribe=True, opens=True, clicks=True
    )
    assert linked.fill(lambda kind, url: "«u»") == '«u» <a href="https://e.com">'


def test_so_many_links_are_tracked_and_no_more():
    html = "".join(f'<a href="https://e.com/{number}">' for number in range(MAX_LINKS + 5))
    assert tracked(html).count("«") == MAX_LINKS
    marks = "{{ unsubscribe_url }}" * (MAX_LINKS + 5)
    linked = take_apart(marks, is_html=True, unsubscribe=True, opens=False, clicks=True)
    assert linked.fill(lambda kind, url: "«u»") == "«u»" * MAX_LINKS + "{{ unsubscribe_url }}" * 5


def test_a_link_that_stands_often_is_made_once():
    made = []
    linked = take_apart("{{ unsubscribe_url }}" * 9, is_html=False, unsubscribe=True, opens=False, clicks=False)
    assert linked.fill(lambda kind, url: made.append(kind) or "«u»") == "«u»" * 9
    assert made == [LinkKind.UNSUBSCRIBE]
