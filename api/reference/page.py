"""``GET /openapi.json``, and ``GET /docs``: the same in a viewer (Swagger UI), with a form to try calls.

The viewer's files are in ``viewer/``, as they were published: the page needs nothing from the internet, and no foreign
code runs beside the API's keys. Without JavaScript it lists all operations.
"""

import asyncio
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from api.http.state import state_of

router = APIRouter(include_in_schema=False)

_STYLE = """
.swagger-ui .info { display: none }
:root { font: 16px/1.5 system-ui, sans-serif }
body { max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886 }
code, pre { font: 0.9em/1.5 ui-monospace, monospace }
pre { padding: 0.75rem; border: 1px solid #8886; overflow-x: auto }
section { margin: 1.5rem 0 }
section h3 { margin-bottom: 0 }
section p, section ul { margin: 0.25rem 0 }
"""
_BASE_URL = "{base-url}"
"""Placeholder in the page for the base URL of the request."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
"""The viewer writes styles into the page; scripts come from its files alone, and calls go to this API alone."""
_VIEWER = Path(__file__).parent / "viewer"
_FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "start.js"})


@dataclass(frozen=True, slots=True)
class Written:
    """What is sent."""

    document: bytes
    """The OpenAPI document."""
    page: str


class Reference:
    """Written when it is first read: it takes half a second of a thread, and 4 MiB, which most processes never need."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._writing: asyncio.Task[Written] | None = None

    async def read(self) -> Written:
        """The routes of the application, written down."""
        if self._writing is None:
            self._writing = asyncio.create_task(asyncio.to_thread(self._write))
        return await asyncio.shield(self._writing)

    def _write(self) -> Written:
        document = self._app.openapi()
        return Written(bytes(JSONResponse(document).body), _page(document))


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The document."""
    written = await state_of(request).part(Reference).read()
    return Response(written.document, media_type="application/json")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    written = await state_of(request).part(Reference).read()
    return HTMLResponse(written.page.replace(_BASE_URL, escape(str(request.base_url).rstrip("/"))), headers=_HEADERS)


@router.get("/docs/viewer/{name}")
async def viewer_file(name: str) -> FileResponse:
    """One of the viewer's files."""
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_VIEWER / name, headers={"Cache-Control": "public, max-age=3600"})


def _page(document: dict[str, Any]) -> str:
    title = escape(document["info"]["title"])
    example = (
        f"curl {_BASE_URL}/api/sms/send -H 'Api-key: YOUR KEY' -H 'Content-Type: application/json' \\\n"
        """  -d '{"contact": [{"number": "+14155550123", "body": "Hello"}]}'"""
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/docs/viewer/swagger-ui.css">'
        f'<style>{_STYLE}</style><script src="/docs/viewer/swagger-ui-bundle.js"></script>'
        '<script src="/docs/viewer/start.js"></script></head><body>'
        f"<h1>{title} API</h1><p>{escape(document['info']['description'])}</p>"
        "<p>Send your key in the header <code>Api-key</code>. To try a call here, enter it at <i>Authorize</i> first. "
        'The same as a file: <a href="/openapi.json">/openapi.json</a>. Whether all parts work: '
        '<a href="/health">/health</a>.</p>'
        f"<pre>{escape(example)}</pre>"
        f'<div id="viewer"></div><noscript>{"".join(_groups(document))}</noscript></body></html>'
    )


def _groups(document: dict[str, Any]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation))
    return [f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in groups.items()]


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = [p for p in operation.get("parameters", []) if p["in"] != "path"]
    listed = "".join(
        f"<li><code>{escape(p['name'])}</code> ({escape(p['in'])}) {escape(p.get('description', ''))}</li>"
        for p in parameters
    )
    return (
        f"<section><h3>{escape(operation['summary'])}</h3><p><code>{method.upper()} {escape(path)}</code></p>"
        f"<p>{escape(operation.get('description', ''))}</p>{f'<ul>{listed}</ul>' if listed else ''}</section>"
    )
