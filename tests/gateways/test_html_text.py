"""The plain-text part that is made of HTML."""

import pytest

from gateways.email.html_text import html_to_text

PAGE = """<!DOCTYPE html><html><head><title>Shop</title><style>p > a {color: red}</style></head><body>
<h1>Hi &amp; you</h1><p title="a > b">one
  two<br>three<br/>four</p><ul><li>1</li><li>2</li></ul><!-- not <p>shown</p> -->
<script>if (a<b) "</p>"</script><a HREF='https://e.com/?a=1&amp;b=2' class=x>Look</a> <a name=x>there</a>
<a href="mailto:a@e.com">mail</a> <a href="tel:+1">call</a> 1 < 2 &euro;&#65;&nbsp;.</body></html>"""


def test_a_page_becomes_its_words():
    assert html_to_text(PAGE).split("\n") == [
        *("Hi & you", "", "one two", "three", "", "four", "", "1", "", "2", ""),
        "Look (https://e.com/?a=1&b=2) there mail (mailto:a@e.com) call 1 < 2 \u20acA .",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("words", "words"),
        ("a<3 & b", "a<3 & b"),
        ("</ a>", "</ a>"),
        ("<P ALIGN=LEFT>x</P\n>y", "x\ny"),
        ("<article>x</article><o:p></o:p><abbr>y</abbr>", "xy"),
        ("<!--[if mso]><p>x</p><![endif]-->y<![if !mso]>z<![endif]>", "yz"),
        ("<!-->x<!--->y", "xy"),
        ("<?xml version='1.0'?>x", "x"),
        ("<SCRIPT>x</style></script >y", "y"),
        ("<style>x", ""),
        ("<head><title>x</title></head>y", "y"),
        ('<a href="https://one.com" href="https://two.com">x</a>', "x (https://one.com)"),
        ('<a href="https://e.com/?a=1&timestamp=5&sect=2">x</a>', "x (https://e.com/?a=1&timestamp=5&sect=2)"),
        ("<a href>x</a>", "x"),
        ("<a href=https://e.com/>x</a>", "x (https://e.com/)"),
        ('<a href="https://e.com">x<a name=y>z</a>', "xz"),
        ("&#" + "9" * 5000 + ";&#" + "0" * 5000 + "65;", "\ufffdA"),
        ("x <a href='https://e.com", "x"),
        ("x <a ", "x"),
        ("x <!-- <p>y</p>", "x"),
    ],
)
def test_markup_is_read_as_browsers_read_it(html: str, text: str):
    assert html_to_text(html) == text
