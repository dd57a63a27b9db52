"""Contacts from a file, in a browser."""

from pathlib import Path

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.panel.seeds import made, program
from tests.stack import Stack, User

_FILE = """E-Mail;Vorname;Ort;Bemerkung
ada@example.com;Ada;London;first
nobody;Bob;Köln;a row that is wrong
;Carl;Wien;nor has this one an address
"""


async def test_a_file_is_checked_mapped_and_imported_and_its_faulty_rows_come_back(
    install: Stack, account: User, user: Person, browsing: Browsing, tmp_path: Path
):
    key = await program(install, account)
    await made(install, key, "/api/contact-fields", {"key": "city", "type": "text", "label": "City"})
    file = tmp_path / "people.csv"
    file.write_text(_FILE)
    page = await browsing.log_in(user)
    async with another_page(page):
        await page.locator(".sidebar").get_by_role("link", name="Import").click()
    await page.set_input_files("#file", file)
    await page.get_by_role("button", name="Check the file").click()
    await page.get_by_role("button", name="Import the file").wait_for()
    await browsing.check(page, "the columns of a file")
    found = await install.http.get("/api/contacts", headers=key.headers)
    assert found.json()["data"] == []
    await page.get_by_label("Ort", exact=True).select_option(label="City")
    async with another_page(page):
        await page.get_by_role("button", name="Import the file").click()
    await page.get_by_text("Done", exact=True).wait_for()
    await page.get_by_text("no_address").wait_for()
    await browsing.check(page, "an import")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download all").click()
    assert (await download.value).suggested_filename.endswith(".zip")
    found = await install.http.get("/api/contacts", headers=key.headers)
    assert [(one["email"], one["fields"]) for one in found.json()["data"]] == [("ada@example.com", {"city": "London"})]

    await page.goto("/panel/imports")  # the same columns once more
    await page.set_input_files("#file", file)
    await page.get_by_role("button", name="Check the file").click()
    await page.get_by_role("button", name="Import the file").wait_for()
    assert await page.get_by_label("Ort", exact=True).input_value() == "fields.city"
