"""The documentation within the panel."""

import re
from pathlib import Path

import pytest

from panel.frame.navigation import GROUPS
from panel.help.library import FOLDER, documents, groups, read, search
from panel.help.places import HOME, PLACES, help_for
from panel.help.rendering import address, render
from tests.api.log_in import Person
from tests.panel.panel_routes import PUBLIC_PAGES, routes
from tests.panel.test_forms import signed_in
from tests.stack import Stack

FOLDERS = {"account", "live", "help", "preferences"}
LINK = re.compile(r'href="([^"]+)"')


def html_of(markdown: str, name: str = "panel") -> str:
    return str(render(read(name, f"# Title\n\n{markdown}"), "Copy", "Copied"))


@pytest.mark.parametrize("beginning", PLACES)
def test_what_pages_lead_to_is_there(beginning: str):
    name, _, anchor = PLACES[beginning].partition("#")
    assert name in documents()
    assert not anchor or documents()[name].has(anchor)


@pytest.mark.parametrize("path", [entry.path for group in GROUPS for entry in group.entries])
def test_every_page_of_the_navigation_has_help(path: str):
    assert help_for(path) != HOME


def test_places_are_of_pages_that_are_served():
    served = [route.path.strip("/").split("/") for route in routes()]
    for beginning in PLACES:
        wanted = beginning.strip("/").split("/")
        fitting = [one for one in served if len(one) >= len(wanted) and all(map(_fits, wanted, one))]
        assert fitting, beginning


def _fits(wanted: str, served: str) -> bool:
    return served.startswith("{") or wanted in ("*", served)


def test_every_page_of_the_panel_has_help():
    paths = {route.path for route in routes() if route.method == "GET"} - PUBLIC_PAGES
    without = {path.split("/")[1] for path in paths if help_for(f"/panel{path}") == HOME}
    assert without <= FOLDERS


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/panel/", "/"),
        ("/panel/automations/welcome/publish", "/automations/*/publish"),
        ("/panel/automations/welcome", "/automations"),
        ("/panel/gateways/new/email/smtp", "/gateways/new"),
        ("/panel/settings/oidc", "/settings/oidc"),
    ],
)
def test_the_longest_beginning_counts(path: str, place: str):
    assert help_for(path) == f"{HOME}/{PLACES[place]}"


def test_every_page_is_in_a_group_and_decisions_are_none():
    assert {one.name for group in groups() for one in group.documents} == set(documents())
    files = {path.relative_to("docs").with_suffix("").as_posix() for path in Path("docs").rglob("*.md")}
    assert set(documents()) == {name for name in files if not name.startswith("decisions/")} - {"README"}
    assert FOLDER.resolve() == Path("docs").resolve()


@pytest.mark.parametrize("name", documents())
def test_links_of_a_page_lead_to_what_is_served(name: str):
    html = render(documents()[name], "Copy", "Copied")
    for link in LINK.findall(re.sub(r"<use [^>]*>", "", str(html))):
        if not link.startswith(HOME):
            assert link.startswith(("https://", "http://")), link
            continue
        page, _, anchor = link.removeprefix(f"{HOME}/").partition("#")
        assert link == HOME or page in documents(), link
        assert not anchor or documents()[page].has(anchor), link
    headings = [one.anchor for one in documents()[name].headings]
    assert re.findall(r'<h\d id="([^"]*)"', str(html)) == headings
    assert len(set(headings)) == len(headings)
    assert " style=" not in html


@pytest.mark.parametrize(
    ("href", "page", "leads"),
    [
        ("hooks.md", "automations/calls", f"{HOME}/automations/hooks"),
        ("../leads.md#connecting", "automations/calls", f"{HOME}/leads#connecting"),
        ("#the-first-run", "panel", f"{HOME}/panel#the-first-run"),
        ("README.md", "panel", HOME),
        ("https://example.com/", "panel", "https://example.com/"),
        ("decisions/0062-panel.md", "panel", None),
        ("../CONTRIBUTING.md", "panel", None),
        ("../../../etc/passwd", "panel", None),
        ("//evil.example/", "panel", None),
        ("leads", "panel", None),
    ],
)
def test_where_a_link_leads(href: str, page: str, leads: str | None):
    assert address(href, page) == leads


def test_no_html_passes_through():
    html = html_of(
        "<script>alert(1)</script>\n\nSee <b onclick='x'>this</b> <!-- not this --> [x](javascript:alert(1))"
    )
    assert "<script" not in html
    assert "<b " not in html
    assert "not this" not in html
    assert "href" not in html
    assert "&lt;script&gt;" in html


def test_links_to_what_is_not_served_are_text_and_pictures_are_left_out():
    assert html_of("See [the **code**](../panel/app.py).") == "<p>See the <strong>code</strong>.</p>\n"
    assert html_of("![A picture](figures.svg)") == ""


def test_cells_know_their_columns():
    html = html_of("| `code` | what |\n|---|--:|\n| a | b |")
    assert '<td data-label="code">a</td>' in html
    assert '<td data-label="what">b</td>' in html


@pytest.mark.parametrize(
    ("text", "finds", "headings"),
    [
        ("PLANS credits", "credits", []),
        ("webhooks nothing", None, []),
        ("reputation soft", "reputation", ["Soft bounces"]),
    ],
)
def test_titles_and_headings_are_searched(text: str, finds: str | None, headings: list[str]):
    found = search(text, 10)
    assert [one.document.name for one in found[:1]] == ([finds] if finds else [])
    assert [heading.text for one in found[:1] for heading in one.headings] == headings


async def test_everybody_reads_it(install: Stack, user: Person, owner: Person):
    for person in (user, owner):
        async with signed_in(install, person) as client:
            assert "Plans and credits" in (await client.get("/panel/help")).text
            page = (await client.get("/panel/help/automations/hooks")).text
            assert "<h1>Hooks</h1>" in page
            assert f'href="{HOME}/automations"' in page
            assert (await client.get("/panel/help/decisions/0062-panel")).status_code == 404
            assert (await client.get("/panel/help/..%2f..%2fpyproject")).status_code == 404
            assert "Nothing is called so" in (await client.get("/panel/help?q=no-such-thing")).text
            assert f"{HOME}/receipts#soft" not in (await client.get("/panel/help?q=soft bounces")).text
            assert f"{HOME}/reputation#soft-bounces" in (await client.get("/panel/help?q=soft bounces")).text


async def test_pages_lead_to_what_is_about_them(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert f'href="{HOME}/contacts"' in (await client.get("/panel/contacts")).text
        assert f'href="{HOME}/receipts#messages-from-people"' in (await client.get("/panel/replies")).text
