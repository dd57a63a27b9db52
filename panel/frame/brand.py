"""Name, logo and colour of the install: a style sheet and an icon of the colour, under an address that names it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel.http.client import Api, Refused
from panel.http.headers import POLICY
from panel.rendering.assets import FOLDER
from panel.rendering.colours import palette

NAME = "xsender"
_FOR_EVER = "public, max-age=31536000, immutable"
_COLOUR = re.compile("[0-9a-f]{6}")
_OWN_MARK = "#3b55d9"
_SENT = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Brand:
    """How the install looks."""

    name: str = NAME
    logo: str | None = None
    colour: str = ""
    """Six hexadecimal digits; "": as we made it."""

    @property
    def policy(self) -> str:
        """That of pages: the logo may come from where it is, and nothing else."""
        place = urlsplit(self.logo or "")
        if place.scheme not in ("https", "http") or not re.fullmatch(r"[\w.:\[\]-]+", place.netloc):
            return POLICY
        return POLICY.replace("img-src 'self'", f"img-src 'self' {place.scheme}://{place.netloc}")


async def brand_of(api: Api) -> Brand:
    """What the API tells; ours while it cannot."""
    try:
        told = (await api.get("/api/branding"))["data"]
    except Refused:
        return Brand()
    colour = told["colour"].removeprefix("#") if told["has_own_colour"] else ""
    return Brand(told["product_name"], told["logo_url"], colour)


@lru_cache(maxsize=64)
def style(colour: str) -> bytes:
    """The tokens of a colour."""
    light, dark = palette(f"#{colour}", is_dark=False), palette(f"#{colour}", is_dark=True)
    pairs = (
        ("accent", light.accent, dark.accent),
        ("accent-strong", light.strong, dark.strong),
        ("on-accent", light.on_accent, dark.on_accent),
        ("accent-soft", light.soft, dark.soft),
    )
    return (":root{" + "".join(f"--{name}:light-dark({one},{other});" for name, one, other in pairs) + "}").encode()


@lru_cache(maxsize=64)
def mark(colour: str) -> bytes:
    """The icon of the browser's tab."""
    light = palette(f"#{colour}", is_dark=False)
    drawn = (FOLDER / "pictures" / "mark.svg").read_text()
    return drawn.replace(_OWN_MARK, light.accent).replace('stroke="#fff"', f'stroke="{light.on_accent}"').encode()


async def _file(request: Request) -> Response:
    colour, _, kind = request.path_params["name"].partition(".")
    if not _COLOUR.fullmatch(colour) or kind not in _SENT:
        return Response("there is no such file", 404, media_type="text/plain")
    made = style(colour) if kind == "css" else mark(colour)
    return Response(made, headers={"Cache-Control": _FOR_EVER}, media_type=_SENT[kind])


route = Route("/brand/{name}", _file)
