"""What a person with a browser finds at the base URL; it needs nothing from the internet."""

import re

from tests.stack import Stack


async def test_the_base_url_leads_to_the_documentation(stack: Stack):
    answer = await stack.http.get("/", follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, "/docs")
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
    assert "<script" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_documentation_cannot_be_made_to_run_foreign_code(stack: Stack):
    answer = await stack.http.get("/docs", headers={"Host": '"><script>alert(1)</script>'})
    assert "<script" not in answer.text
