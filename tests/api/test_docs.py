"""What a person with a browser finds at the base URL; it needs nothing from the internet."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from api.reference import page as reference
from tests.stack import Stack


async def test_the_base_url_leads_to_the_panel(stack: Stack):
    answer = await stack.http.get("/", follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, "/panel/login")
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_documentation_names_every_operation(stack: Stack):
    page = (await stack.http.get("/docs")).text
    document = (await stack.http.get("/openapi.json")).json()
    operations = [(method, path) for path, methods in document["paths"].items() for method in methods]
    assert len(operations) >= 10
    for method, path in operations:
        assert f"<code>{method.upper()} {path}</code>" in page
    assert 'href="/openapi.json"' in page


async def test_the_documentation_loads_nothing_from_elsewhere(stack: Stack):
    answer = await stack.http.get("/docs")
    assert not re.search(r"(src|href)=\"(?!/)", answer.text)
    scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
    assert scripts == [f'<script src="/docs/viewer/{name}">' for name in ("swagger-ui-bundle.js", "start.js")]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "connect-src 'self'" in policy
    for path in re.findall(r'(?:src|href)="(/docs/[^"]+)"', answer.text):
        assert (await stack.http.get(path)).status_code == 200, path


@pytest.mark.parametrize("name", ["vendored.json", "LICENSE", "..%2fpage.py", "%2e%2e/page.py"])
async def test_nothing_but_the_viewer_is_served_beside_it(stack: Stack, name: str):
    assert (await stack.http.get(f"/docs/viewer/{name}")).status_code == 404


def test_the_viewer_is_as_it_was_published():
    folder = Path(reference.__file__).parent / "viewer"
    vendored = json.loads((folder / "vendored.json").read_text())["sha256"]
    assert {name: sha256((folder / name).read_bytes()).hexdigest() for name in vendored} == vendored
    assert {file.name for file in folder.iterdir()} == {*vendored, "vendored.json", "start.js"}


async def test_the_documentation_cannot_be_made_to_run_foreign_code(stack: Stack):
    answer = await stack.http.get("/docs", headers={"Host": '"><script>alert(1)</script>'})
    assert "<script>" not in answer.text
