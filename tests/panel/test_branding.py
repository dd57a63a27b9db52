"""Name, logo and colour of the install in the panel."""

import re

import pytest

from panel.frame.brand import Brand, style
from panel.rendering.colours import contrast, palette, read_colour
from services.settings import current
from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.panel.test_forms import signed_in
from tests.stack import Stack, new_client

EXTREMES = [
    "#000000",
    "#ffffff",
    "#ffff00",
    "#ff0000",
    "#00ff00",
    "#0000ff",
    "#808080",
    "#0a7d4f",
    "#1f5fd0",
    "#ff69b4",
]


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("chosen", EXTREMES)
def test_every_colour_can_be_read(chosen: str, is_dark: bool):
    made = palette(chosen, is_dark=is_dark)
    accent, strong, soft = read_colour(made.accent), read_colour(made.strong), read_colour(made.soft)
    for surface in ("#161a21", "#0e1116") if is_dark else ("#ffffff", "#f7f8fa"):
        assert contrast(accent, read_colour(surface)) >= 4.2
        assert contrast(strong, read_colour(surface)) >= 4.5
    assert contrast(read_colour(made.on_accent), accent) >= 4.5
    assert contrast(strong, soft) >= 4.5
    assert contrast(accent, soft) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_was_chosen():
    assert palette("#0a6b43", is_dark=False).accent == "#0a6b43"
    assert b"--accent:light-dark(#0a6b43," in style("0a6b43")


@pytest.mark.parametrize(
    "logo", [None, "javascript:alert(1)", "https://a b/x.png", "https://evil.example;script-src *"]
)
def test_what_is_no_place_of_a_logo_opens_nothing(logo: str | None):
    assert "img-src 'self' data:" in Brand(logo=logo).policy


async def test_the_panel_looks_as_the_settings_say(
    install: Stack, boss: Staff, user: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(current, "RECENT_SECONDS", 0.0)  # otherwise they hold within a second
    branding = {"product_name": "Acme <Mail>", "colour": "#0A7D4F", "logo_url": "https://cdn.example.com/logo.png"}
    try:
        await boss.data("PATCH", "/settings", {"branding": branding})
        async with new_client(install.url) as client:
            told = (await client.get("/api/branding")).json()["data"]
            answer = await client.get("/panel/login")
            style_sheet = await client.get("/panel/brand/0a7d4f.css")
            picture = await client.get("/panel/brand/0a7d4f.svg")
        assert told == {
            "product_name": "Acme <Mail>",
            "logo_url": "https://cdn.example.com/logo.png",
            "colour": "#0a7d4f",
            "has_own_colour": True,
        }
        assert "· Acme &lt;Mail&gt;</title>" in answer.text
        assert '<link rel="stylesheet" href="/panel/brand/0a7d4f.css">' in answer.text
        assert "img-src 'self' https://cdn.example.com data:" in answer.headers["content-security-policy"]
        assert style_sheet.headers["content-type"].startswith("text/css")
        assert re.search(r"--accent:light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\)", style_sheet.text)
        assert "#3b55d9" not in picture.text
        async with signed_in(install, user) as client:
            assert '<img class="logo" src="https://cdn.example.com/logo.png"' in (await client.get("/panel/")).text
            missing = await client.get("/panel/nothing-here")
            assert (missing.status_code, "Acme" in missing.text) == (404, True)
    finally:
        await boss.data("PATCH", "/settings", {"branding": None})
    async with new_client(install.url) as client:
        assert "· xsender</title>" in (await client.get("/panel/login")).text


@pytest.mark.parametrize("name", ["0a7d4f.js", "0a7d4.css", "0A7D4F.css", "zzzzzz.css", "0a7d4f.css.css"])
async def test_other_addresses_of_colours_are_none(install: Stack, name: str):
    async with new_client(install.url) as client:
        assert (await client.get(f"/panel/brand/{name}")).status_code == 404
