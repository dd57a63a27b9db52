"""The reference of the API in the panel: every operation is in it, and its pages are small."""

import gzip
import re
from urllib.parse import quote

import pytest

from api.reference.error_codes import CODES
from panel.reference.remedies import of_status, remedy_of
from tests.api.admin import Staff
from tests.api.application import document
from tests.api.log_in import Person, member
from tests.panel.test_forms import signed_in
from tests.stack import Stack

LARGEST = 25_000
"""Bytes of a page, compressed."""
TAGS = {told["tags"][0] for methods in document()["paths"].values() for told in methods.values()}


async def test_staff_finds_every_operation_on_small_pages(install: Stack, boss: Staff):
    wanted = {told["operationId"] for methods in document()["paths"].values() for told in methods.values()}
    found = set()
    async with signed_in(install, await member(boss, "auditor")) as client:
        index = (await client.get("/panel/reference")).text
        for tag in sorted(TAGS):
            assert f'href="/panel/reference/{quote(tag)}"' in index
            page = await client.get(f"/panel/reference/{tag}")
            assert page.status_code == 200, tag
            size = len(gzip.compress(page.content, 5))
            print(tag, size)
            assert size < LARGEST, tag
            ids = re.findall(r'<section class="card operation" id="(\w+)"', page.text)
            found |= set(ids)
            named, known = (
                set(re.findall(r'href="#([\w-]+)"', page.text)),
                set(re.findall(r' id="([\w-]+)"', page.text)),
            )
            assert named - known == set(), tag
    assert found == wanted


async def test_users_see_what_they_can_ask(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        index = (await client.get("/panel/reference")).text
        assert "admin%3A" not in index
        assert (await client.get("/panel/reference/admin: users")).status_code == 404
        assert (await client.get("/panel/reference/none")).status_code == 404
        page = (await client.get("/panel/reference/send")).text
        assert f"{install.url}/api/sms/send" in page
        assert "Idempotency-Key" in page


@pytest.mark.parametrize(("text", "finds"), [("sendSms", True), ("post sms/send", True), ("nothing-like-it", False)])
async def test_operations_are_searched(install: Stack, user: Person, text: str, finds: bool):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/reference", params={"q": text})).text
    assert ("/panel/reference/send#sendSms" in page) == finds


async def test_what_errors_mean_and_what_to_do_is_listed(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/reference/errors")).text
    assert 'id="409-idempotency_in_flight"' in page
    assert "nothing of it is left to change" in page


async def test_each_operation_has_its_errors(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert 'href="/panel/reference/errors/pauseBatch"' in (await client.get("/panel/reference/batches")).text
        whole = (await client.get("/panel/reference/errors/pauseBatch")).text
        part = (await client.get("/panel/reference/errors/pauseBatch", headers={"hx-request": "true"})).text
        assert (await client.get("/panel/reference/errors/none")).status_code == 404
        assert (await client.get("/panel/reference/errors/createUser")).status_code == 404, "it is of staff"
    for page in (whole, part):
        assert re.search(r"<code>batch_ended</code>.*?nothing of it is left to change", page)
        assert "idempotency_in_flight" not in page
    assert "<html" in whole
    assert "<html" not in part


@pytest.mark.parametrize(("status", "code"), [(status, code) for status, codes in CODES.items() for code in codes])
def test_every_error_says_what_to_do(status: int, code: str):
    assert remedy_of(str(status), code).todo
    assert code in [one.code for one in of_status(str(status))]
