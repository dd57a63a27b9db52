"""Templates: what they print, what they need, and that none of them can take the process down."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text.template_errors import InvalidTemplate, MissingField, TemplateTooHeavy
from domain.text.template_language import MAX_RANGE
from domain.text.templates import MAX_MARKUP, compile_template

LONG = "x" * 200_000
REFUSALS = (InvalidTemplate, MissingField, TemplateTooHeavy)


def plain(text: str, **fields: object) -> str:
    return compile_template(text, html=False).render(fields)


def html(text: str, **fields: object) -> str:
    return compile_template(text, html=True).render(fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ n }}", '{"a":1,"b":[true,null,"ü"]}'),
        ("{{ n.b }}", "trueü"),
        ("{{ list }}", '{"a":1}false'),
        ("{{ n | append: '!' }}", '{"a":1,"b":[true,null,"ü"]}!'),
        ("{{ list | join: ', ' }}", '{"a":1}, false'),
        ("{{ yes | upcase }}", "TRUE"),
        ("{{ list | size }}{{ list | first }}", '2{"a":1}'),
    ],
)
def test_objects_are_printed_as_json_and_not_in_pythons_notation(text: str, expected: str) -> None:
    fields = {"n": {"a": 1, "b": [True, None, "ü"]}, "list": [{"a": 1}, False], "yes": True}
    assert plain(text, **fields) == expected
    assert html(text, **fields) == expected.replace('"', "&#34;")


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("Hi {{ name }}!", {"name": "Ada"}, "Hi Ada!"),
        ("{{ order.city }}", {"order": {"city": "Tunis"}}, "Tunis"),
        ("{{ tags[1] }}", {"tags": ["a", "b"]}, "b"),
        ("{{ n }} {{ price }} {{ paid }}", {"n": 0, "price": 1.5, "paid": False}, "0 1.5 false"),
        ("{{ name | upcase | append: '!' }}", {"name": "Ada"}, "ADA!"),
        ("{% for t in tags %}{{ t }}{% unless forloop.last %}, {% endunless %}{% endfor %}", {"tags": [1, 2]}, "1, 2"),
        ("{% for i in (1..stars) %}*{% endfor %}", {"stars": 3}, "***"),
        ("{% case plan %}{% when 'pro' %}P{% else %}F{% endcase %}", {"plan": "pro"}, "P"),
        ("{% assign x = '' %}[{{ x }}]", {}, "[]"),
        ("{% comment %}not sent{% endcomment %}{% # nor this %}Hi", {}, "Hi"),
        ("{{ tags | join: '-' }} {{ name | replace: 'd', 't' }}", {"tags": ["a", "b"], "name": "Ada"}, "a-b Ata"),
        ("a\r\n{% capture x %}b\r\n{{ c }}{% endcapture %}{{ x }}", {"c": "c\rd"}, "a\r\nb\r\nc\rd"),
        ("{{ '{{' }} a } b { c % d", {}, "{{ a } b { c % d"),
    ],
)
def test_prints_the_fields(text: str, fields: dict[str, object], expected: str) -> None:
    assert plain(text, **fields) == expected


@pytest.mark.parametrize("fields", [{}, {"name": None}, {"name": ""}, {"name": "  "}])
@pytest.mark.parametrize("text", ["Hi {{ name }},", "Hi {{ name | strip | upcase }},", "Hi {{name}}, {{ other }}"])
def test_a_field_that_is_missing_null_or_empty_is_named(text: str, fields: dict[str, object]) -> None:
    with pytest.raises(MissingField) as missing:
        plain(text, **fields)
    assert missing.value.name == "name"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{ order.city }}", "order.city"),
        ("{{ points | plus: 1 }}", "points"),
        ("{{ 'x' | append: name }}", "name"),
        ("{% for x in items %}{{ x }}{% endfor %}", "items"),
        ("{{ now }}", "now"),
        ("{{ today }}", "today"),
        ("{{ name.__class__ }}", "name.__class__"),
        ("{{ name | default: other }}", "other"),
    ],
)
def test_what_is_missing_is_named_as_in_the_template(text: str, name: str) -> None:
    with pytest.raises(MissingField) as missing:
        plain(text, order={})
    assert missing.value.name == name


@pytest.mark.parametrize("fields", [{}, {"name": None}, {"name": ""}])
def test_a_template_can_provide_for_a_missing_field(fields: dict[str, object]) -> None:
    assert plain("Hi {{ name | default: 'there' }}!", **fields) == "Hi there!"


@pytest.mark.parametrize("fields", [{}, {"name": None}])
def test_a_missing_field_can_be_tested(fields: dict[str, object]) -> None:
    assert plain("Hi{% if name %} {{ name }}{% endif %}!", **fields) == "Hi!"
    assert plain("{% if name == 'Ada' %}1{% else %}2{% endif %}", **fields) == "2"
    assert plain("{% unless name %}nobody{% endunless %}", **fields) == "nobody"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>{{ name }}</p>", "<p>&lt;i&gt;&amp;</p>"),
        ("{{ '<b>' | append: name }}", "<b>&lt;i&gt;&amp;"),
        ("{{ 'x' | replace: 'x', name }}", "&lt;i&gt;&amp;"),
        ("{{ tags | join: '<br>' }}", "&lt;i&gt;<br>b"),
        ("{{ tags }}", "&lt;i&gt;b"),
        ("{% capture x %}{{ name }}{% endcapture %}{{ x }}", "&lt;i&gt;&amp;"),
        ("{% assign x = name | upcase %}{{ x }}", "&lt;I&gt;&amp;"),
        ("{% cycle name, 'a' %}", "&lt;i&gt;&amp;"),
        ("{{ none | default: name }}", "&lt;i&gt;&amp;"),
        ("{{ name | newline_to_br }}", "&lt;i&gt;&amp;"),
    ],
)
def test_what_is_filled_into_html_is_escaped_once(text: str, expected: str) -> None:
    assert html(text, name="<i>&", tags=["<i>", "b"]) == expected


def test_what_is_filled_into_plain_text_stays_as_it_is() -> None:
    assert plain("{{ name }}", name="<i>&'\"") == "<i>&'\""


@given(st.text(min_size=1).filter(lambda name: not name.isspace()))
def test_a_value_is_never_a_template_and_never_markup(name: str) -> None:
    assert plain("{{ name }}", name=name) == name
    assert not set("<>\"'") & set(html("{{ name }}", name=name))


_VALUES = (
    st.text(max_size=5) | st.none() | st.integers() | st.booleans() | st.lists(st.text(max_size=2)) | st.just(LONG)
)


@given(st.dictionaries(st.sampled_from(["a", "b"]), _VALUES), st.booleans())
def test_fields_alone_are_printed_as_within_any_other_template(fields: dict[str, object], is_html: bool) -> None:
    def outcome(text: str) -> str:
        try:
            return compile_template(text, html=is_html).render(fields)
        except MissingField as missing:
            return f"no {missing.name}"

    assert outcome("<{{ a }}>\r\n{{ b }}&") == outcome("{% if true %}<{{ a }}>\r\n{{ b }}&{% endif %}")


def test_texts_that_are_too_long_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.text.templates.MAX_ALL_TEXT", 100)
    template = compile_template("Hi {{ name }}", html=False)
    with pytest.raises(TemplateTooHeavy, match="so many contacts"):
        _ = [template.render({"name": "Ada"}) for _ in range(50)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {{ name", "line 1"),
        ("Hi\n{{ }}", "line 2"),
        ("{% if name %}", "endif"),
        ("{% endif %}", "endif"),
        ("{{ name | nonsense }}", "'nonsense'"),
        ("{% if a %}{{ name | safe }}{% endif %}", "'safe'"),
        ("{{ name | date: '%999999999Y' }}", "'date'"),
        ("{% include 'x' %}", "'include'"),
        ("{% render 'x' %}", "'render'"),
        ("{% raw %}x{% endraw %}", "'raw'"),
        ("{% tablerow x in y %}{% endtablerow %}", "'tablerow'"),
        ("{% nonsense %}", "'nonsense'"),
        ("{{ a b c }}", "end of expression"),
        ("{% for x %}{% endfor %}", "expected"),
        ("{{ x" + " " * 600 + "}}", "500 characters"),
        ("{{ name }}" * (MAX_MARKUP // 10 + 1), "characters of markup"),
        ("{% if a %}" * 50 + "{% endif %}" * 50, "nesting"),
    ],
)
def test_says_what_is_wrong_with_a_template(text: str, said: str) -> None:
    with pytest.raises(InvalidTemplate, match=said):
        compile_template(text, html=False)


@pytest.mark.parametrize("text", ["", "Hi", "100 % { } }} %} # $", "<style>a { b: c }</style>"])
def test_a_text_without_markup_is_sent_as_it_is(text: str) -> None:
    template = compile_template(text, html=True)
    assert template.is_literal
    assert template.render({}) is text


@pytest.mark.parametrize(
    "text",
    [
        "{{ (1..100000000) | join: ',' }}",
        "{{ (1..n) | size }}",
        "{% if (1..100000000) contains 'x' %}{% endif %}",
        "{% for i in (1..100000000) reversed %}{% endfor %}",
        "{% for i in (1..100000000) offset: 99999999 %}{% endfor %}",
        "{% assign a = (1..100000000) %}{{ a | last }}",
        f"{{% for i in (1..{MAX_RANGE}) %}}" * 5 + "{{ i }}" + "{% endfor %}" * 5,
        f"{{% for i in (1..{MAX_RANGE}) %}}{{% endfor %}}" * 300,
        "{% for i in (1..100) %}{% for j in (1..100) %}{{ i | upcase | upcase }}{% endfor %}{% endfor %}",
        "{% assign a = 'x' %}" + "{% assign a = a | append: a %}" * 60,
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', a %}" * 60,
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | split: '' | join: a %}" * 60,
        "{% assign a = tags %}" + "{% assign a = a | concat: a %}" * 40,
        "{% capture a %}xxxxxxxxxx{% endcapture %}" + "{% capture a %}{{ a }}{{ a }}{{ a }}{% endcapture %}" * 30,
        "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 60 + "{{ n }}",
        "{{ long | replace: 'x', long }}",
        "{{ long | replace: '', long }}",
        "{{ long | split: '' | join: long }}",
        "{{ long }}" * 1_900,
        "{% for i in (1..1000) %}{% if long contains 'y' %}{% endif %}{% endfor %}",
        "{{ list | sort | join: ',' }}",
    ],
)
def test_a_heavy_template_is_refused_quickly(text: str) -> None:
    template = compile_template(text, html=False)
    began = time.process_time()
    with pytest.raises(TemplateTooHeavy):
        template.render({"n": 10**8, "long": LONG, "tags": list("abcdefghij"), "list": list(range(200_000))})
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 200_000,
        "{%" * 200_000,
        "{{" + " " * 200_000,
        ("{{" + " " * 490 + "}}") * 40,
        ("{{ x" + " " * 490 + "}}") * 40,
        ("{%" + " " * 400 + "if x %}") * 40,
        "{{ " + "a[" * 120 + "1" + "]" * 120 + " }}",
        "{% if " + "a and " * 80 + "a %}{% endif %}",
        "{% raw %}" * 50_000,
        "{% comment %}" * 1_500,
        "{{ '" + "\\" * 400 + "' }}",
        "{{ " + "a." * 200 + "a }}",
        "{{ " + "9" * 480 + " | times: 1 }}",
        "{{ a | round: 99999999999 }}{{ 'inf' | ceil }}{{ 1e400 | floor }}",
    ],
)
def test_a_strange_template_is_read_or_refused_quickly(text: str) -> None:
    began = time.process_time()
    with pytest.raises(REFUSALS):
        plain(text + "{{ nothing }}")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text", ["Hi {{ name }}", "Hi {{ name | upcase }}"])
def test_all_renderings_of_a_template_share_an_allowance(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("domain.text.templates.MAX_ALL_WORK", 2_000)
    template = compile_template(text, html=False)
    assert template.render({"name": "Ada"})
    with pytest.raises(TemplateTooHeavy, match="so many contacts"):
        _ = [template.render({"name": "Ada"}) for _ in range(300)]


@pytest.mark.parametrize(
    "text", ["{{ 1 | divided_by: zero }}", "{{ name | ceil | divided_by: name }}", "{% if name > 3 %}{% endif %}"]
)
def test_values_that_a_template_cannot_work_with_are_an_error(text: str) -> None:
    with pytest.raises(InvalidTemplate):
        plain(text, zero=0, name="Ada")


_PIECES = st.sampled_from(
    [
        *("{{ a }}", "{{ a | ", "upcase", " }}", "{% if a %}", "{% endif %}", "{% for x in b %}", "{% endfor %}"),
        *("{{ x }}", "{% assign a = ", "b", "(1..9)", " | join: a", " %}", "a.b[0]", "'", '"', "{", "%", "}", " "),
        *("\n", "<b>"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=3), max_size=15).map("".join), st.booleans())
def test_any_text_is_rendered_or_refused(text: str, is_html: bool) -> None:
    with suppress(*REFUSALS):
        compile_template(text, html=is_html).render({"a": "1", "b": [1, "2", {"c": None}]})
