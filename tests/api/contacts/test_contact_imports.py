"""Imports of contacts: files of any kind become contacts, with counts, faulty rows, and a dry run before."""

import csv
import io
import zipfile
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook

from api.contacts import uploads
from api.http.bodies.multipart import file_in
from domain.access.user_scopes import SCOPES
from domain.audience.contacts.contact import MOST_GROUPS, MOST_TAGS
from store.audience.imports import files, staging
from store.operations.operations import Operation
from tests.api.admin import admin
from tests.api.operations import ended
from tests.stack import Stack, User


async def holder(stack: Stack) -> User:
    """A user whose key may keep contacts."""
    user = await stack.user(credit=0)
    key = await (await admin(stack)).data("POST", "/keys", {"user": user.id, "scopes": list(SCOPES)})
    return User(user.id, key["key"])


async def post(stack: Stack, user: User, content: bytes, **options: Any) -> httpx.Response:
    headers = options.pop("headers", {})
    return await stack.http.post(
        "/api/contacts/import", content=content, params=options, headers={**user.headers, **headers}
    )


async def imported(stack: Stack, user: User, content: bytes | str, **options: Any) -> Operation:
    answer = await post(stack, user, content.encode() if isinstance(content, str) else content, **options)
    assert answer.status_code == 200, answer.text
    return await ended(stack.pool, answer.json()["data"]["id"])


def counts(operation: Operation) -> dict[str, int]:
    assert operation.state == "done", operation.errors
    assert operation.result is not None
    return {name: count for name, count in operation.result["counts"].items() if count}


async def contacts(stack: Stack, user: User) -> list[dict[str, Any]]:
    answer = await stack.http.get("/api/contacts/export", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def faulty(stack: Stack, user: User, operation: Operation) -> list[dict[str, str]]:
    answer = await stack.http.get(f"/api/operations/{operation.id}/result", headers=user.headers)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        print(archive.namelist(), archive.read("faulty_rows.csv"))
        return list(csv.DictReader(io.StringIO(archive.read("faulty_rows.csv").decode())))


async def make(stack: Stack, user: User, *, groups: tuple[str, ...] = (), **fields: str) -> None:
    async with stack.pool.connection() as conn:
        for key in groups:
            await conn.execute(
                "insert into contact_groups (account_id, key, name) values (%s, %s, %s)", (user.id, key, key)
            )
        for key, type_ in fields.items():
            await conn.execute(
                "insert into contact_fields (account_id, key, type) values (%s, %s, %s)", (user.id, key, type_)
            )


async def test_a_file_becomes_contacts_and_its_repeat_changes_nothing(stack: Stack):
    user = await holder(stack)
    content = "E-Mail;Handy;Vorname;Nachname;Land;Sonst\nanna@example.com;0151 12345678;Anna;Müller;de;x\n"
    first = await imported(stack, user, content, default_country="DE", tags=["spring", "fair"])
    assert counts(first) == {"new": 1}
    assert first.result is not None
    assert first.result["unmapped"] == ["Sonst"]
    assert (first.result["encoding"], first.result["delimiter"]) == ("utf-8", ";")
    (anna,) = await contacts(stack, user)
    assert (anna["email"], anna["phone"], anna["first_name"]) == ("anna@example.com", "'+4915112345678", "Anna")
    assert (anna["country"], anna["tags"]) == ("DE", "fair;spring")
    again = await imported(stack, user, content, default_country="DE", tags=["spring", "fair"])
    assert counts(again) == {"unchanged": 1}
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select origins from contacts where account_id = %s", (user.id,))
        (origins,) = await cursor.fetchone()
        assert origins["email"] == {"from": "import", "at": first.created_at.isoformat()}
        left = await conn.execute("select from import_files where account_id = %s", (user.id,))
        assert left.rowcount == 0, "the file is deleted"
        left = await conn.execute("select from import_seen where operation_id = any(%s)", ([first.id, again.id],))
        assert left.rowcount == 0


SIX = (
    "+49 151 12345678",
    "0049-151-12345678",
    "0151 12345678",
    "4915112345678",
    "(0151) 123 456.78",
    "'+4915112345678",
)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_six_spellings_of_a_number_are_one_contact(stack: Stack, dry_run):
    user = await holder(stack)
    content = "phone,first name\n" + "".join(f"{number},Name {n}\n" for n, number in enumerate(SIX))
    done = await imported(stack, user, content, default_country="DE", dry_run=dry_run)
    assert counts(done) == {"new": 1, "duplicates": 5}
    found = await contacts(stack, user)
    assert [contact["first_name"] for contact in found] == ([] if dry_run else ["Name 5"])


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_row_about_two_contacts_is_ambiguous_and_merges_nothing(stack: Stack, dry_run):
    user = await holder(stack)
    known = "id,email,phone,external id\n1,a@example.com,+14155550101,A\n2,b@example.com,+14155550102,B\n"
    await imported(stack, user, known)
    rows = "phone,email,external id,first name\n+14155550101,B@example.com,,x\n,,A,y\n,b@example.com,A,z\n"
    done = await imported(stack, user, rows, dry_run=dry_run)
    assert counts(done) == {"changed": 1, "faulty": 2}
    assert [
        (fault["row"], fault["column"], fault["value"], fault["code"]) for fault in await faulty(stack, user, done)
    ] == [
        ("2", "email", "B@example.com", "ambiguous"),
        ("4", "email", "b@example.com", "ambiguous"),
    ]
    names = {contact["email"]: contact["first_name"] for contact in await contacts(stack, user)}
    assert names == {"a@example.com": "" if dry_run else "y", "b@example.com": ""}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_rows_of_a_file_that_join_two_people_of_it_are_ambiguous(stack: Stack, dry_run):
    user = await holder(stack)
    rows = "phone,email\n+14155550101,\n,b@example.com\n+14155550101,b@example.com\n+14155550101,c@example.com\n"
    done = await imported(stack, user, rows, dry_run=dry_run)
    assert counts(done) == {"new": 2, "duplicates": 1, "faulty": 1}


async def test_two_rows_with_different_values_of_one_contact_are_taken_in_their_order(stack: Stack):
    user = await holder(stack)
    await imported(stack, user, "email,phone,external id\na@example.com,+14155550101,A\n")
    rows = "email,phone,first name\na@example.com,,One\n,+14155550101,Two\n"
    assert counts(await imported(stack, user, rows)) == {"changed": 1, "duplicates": 1}
    assert [contact["first_name"] for contact in await contacts(stack, user)] == ["Two"]


@pytest.mark.parametrize(
    ("known", "first_name", "last_name", "changed"),
    [
        ("update", "New", "Last", "changed"),
        ("only_fill_empty", "Old", "Last", "changed"),
        ("skip", "Old", "", "unchanged"),
    ],
)
async def test_known_contacts_are_updated_filled_or_left(stack: Stack, known, first_name, last_name, changed):
    user = await holder(stack)
    await make(stack, user, city="text", level="number")
    mapping = '{"mail": "email", "a": "first_name", "b": "last_name", "c": "fields.city", "d": "fields.level"}'
    await imported(stack, user, "mail,a,b,c,d\nx@example.com,Old,,Rome,1\n", mapping=mapping)
    done = await imported(stack, user, "mail,a,b,c,d\nX@example.com,New,Last,Oslo,\n", mapping=mapping, known=known)
    assert counts(done) == {changed: 1}
    (contact,) = await contacts(stack, user)
    assert (contact["first_name"], contact["last_name"], contact["fields.level"]) == (first_name, last_name, "1")
    assert contact["fields.city"] == ("Oslo" if known == "update" else "Rome")


async def test_groups_and_custom_fields_are_read_and_faults_say_where(stack: Stack):
    user = await holder(stack)
    await make(stack, user, groups=("vip", "news"), born="date", member="boolean")
    content = (
        "email,groups,born,member\na@example.com,vip,31.12.1999,yes\nb@example.com,none,,\n"
        'c@example.com,,1999-13-01,\n=cmd()@x,,,\n,,2000-01-01,\n"open,,,\nd@example.com,,,no,more\n'
    )
    done = await imported(stack, user, content, groups=["news"])
    assert counts(done) == {"new": 1, "faulty": 6}
    (contact,) = await contacts(stack, user)
    assert (sorted(contact["groups"].split(";")), contact["fields.born"], contact["fields.member"]) == (
        ["news", "vip"],
        "1999-12-31",
        "true",
    )
    faults = await faulty(stack, user, done)
    assert [(fault["row"], fault["column"], fault["value"], fault["code"]) for fault in faults] == [
        ("3", "groups", "none", "group_unknown"),
        ("4", "born", "1999-13-01", "field_type"),
        ("5", "email", "'=cmd()@x", "email_invalid"),
        ("6", "", "", "no_address"),
        ("7", "", "", "quotes"),
        ("8", "", "", "cells_too_many"),
    ]
    assert done.failed == 6
    assert done.errors[0]["item"] == "row 3"


async def test_a_mapping_is_remembered_for_files_with_the_same_columns(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    mapping = '{"Who": "email", "What": "last_name"}'
    await imported(stack, user, "Who,What\na@example.com,A\n", mapping=mapping)
    assert counts(await imported(stack, user, "what;WHO\nB;b@example.com\n")) == {"new": 1}
    assert [contact["last_name"] for contact in await contacts(stack, user)] == ["A", "B"]
    refused = await imported(stack, other, "Who,What\na@example.com,A\n")
    assert (refused.state, refused.errors[0]["code"]) == ("failed", "mapping_incomplete")


def sheet(*rows: list[Any], title: str = "People") -> bytes:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = title
    for row in rows:
        first.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_sheet_is_read_as_it_shows(stack: Stack):
    user = await holder(stack)
    await make(stack, user, size="number", note="text")
    rows = [
        ["E-mail", "Phone", "fields.size", "note"],
        ["a@example.com", 4915112345678, 3.5, "two\nlines\t\\"],
        [None, None],
    ]
    done = await imported(
        stack,
        user,
        sheet(*rows, ["b@example.com", 4915112345679.0]),
        mapping=('{"E-mail": "email", "phone": "phone", "fields.size": "fields.size", "note": "fields.note"}'),
    )
    assert counts(done) == {"new": 2}
    assert done.result is not None
    assert done.result["sheet"] == "People"
    first, second = await contacts(stack, user)
    assert (first["phone"], first["fields.size"], first["fields.note"]) == ("'+4915112345678", "3.5", "two\nlines\t\\")
    assert second["phone"] == "'+4915112345679"
    refused = await imported(stack, user, sheet(*rows), sheet="Other")
    assert refused.errors[0]["code"] == "sheet_unknown"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * (100 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\n\n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"PK\x03\x04 broken", "file_unreadable"),
        (bomb(), "file_too_large"),
        (b"a,b\n1,2\n", "mapping_incomplete"),
        (",".join(f"c{n}" for n in range(1001)).encode(), "columns_too_many"),
        (b'"open', "columns_unreadable"),
    ],
)
async def test_files_that_cannot_be_read_fail_and_say_why(stack: Stack, content, code):
    user = await holder(stack)
    done = await imported(stack, user, content)
    assert (done.state, [error["code"] for error in done.errors]) == ("failed", [code])
    await files.delete_ended(stack.pool)
    async with stack.pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user.id,))).rowcount == 0


async def test_a_file_with_names_of_columns_only_has_no_rows(stack: Stack):
    assert counts(await imported(stack, await holder(stack), "\ufeffemail,phone")) == {}


async def test_500_columns_are_read(stack: Stack):
    user = await holder(stack)
    content = ",".join(["email", *(f"c{n}" for n in range(499))]) + "\n" + ",".join(["a@example.com", *["x"] * 499])
    assert counts(await imported(stack, user, content)) == {"new": 1}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"mapping": '{"a": "nothing"}'}, "mapping_field"),
        ({"mapping": '{"a": "email", "b": "email"}'}, "mapping_repeated"),
        ({"mapping": "[]"}, "mapping"),
        ({"mapping": "{"}, "mapping"),
        ({"groups": "none"}, "group_unknown"),
        ({"default_country": "ZZ"}, "default_country"),
        ({"tags": "x" * 300}, "tags"),
        ({"known": "merge"}, "literal_error"),
        ({"knwon": "skip"}, "query_unknown"),
    ],
)
async def test_options_that_cannot_be_used_are_refused_and_no_file_stays(stack: Stack, options, code):
    user = await holder(stack)
    answer = await post(stack, user, b"email\na@example.com\n", **options)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    async with stack.pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user.id,))).rowcount == 0


async def test_a_file_that_is_too_large_or_empty_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await holder(stack)
    assert (await post(stack, user, b"")).json()["errors"][0]["code"] == "file_empty"
    monkeypatch.setattr(uploads, "MOST_BYTES", 100_000)

    async def chunks():
        for _ in range(11):
            yield b"x" * 10_000

    for content in (b"x" * 100_001, chunks()):  # with and without a declared length
        answer = await post(stack, user, content)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    async with stack.pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user.id,))).rowcount == 0


async def test_a_repeat_with_the_same_key_imports_once(stack: Stack):
    user = await holder(stack)
    key = {"Idempotency-Key": uuid4().hex}
    content = b"email\na@example.com\n"
    first, second = [await post(stack, user, content, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    other = await post(stack, user, content + b"b@example.com\n", headers=key)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "idempotency_mismatch")
    await ended(stack.pool, first.json()["data"]["id"])
    async with stack.pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user.id,))).rowcount == 0


async def test_an_account_has_few_files_at_a_time(stack: Stack):
    user = await holder(stack)
    for _ in range(files.MOST_FILES):
        assert await files.add(stack.pool, uuid4(), user.id)
    answer = await post(stack, user, b"email\na@example.com\n")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "imports_too_many")


async def test_an_export_is_read_back_without_changes(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await make(stack, user, groups=("vip",), city="text")
    await make(stack, other, groups=("vip",), city="text")
    content = 'email,phone,tags,groups,city,last name\na@example.com,+14155550101,"b,a",vip,=1+1,"O\'Neil, ""X"""\n'
    await imported(stack, user, content)
    exported = await stack.http.get("/api/contacts/export", headers=user.headers)
    assert counts(await imported(stack, other, exported.content)) == {"new": 1}
    theirs, ours = await contacts(stack, other), await contacts(stack, user)
    for contact in (*theirs, *ours):
        del contact["id"], contact["created_at"], contact["updated_at"]
    assert theirs == ours
    assert ours[0]["fields.city"] == "'=1+1"
    lines = await stack.http.get("/api/contacts/export", params={"format": "ndjson"}, headers=user.headers)
    assert lines.text.count("\n") == 1
    assert "'" not in lines.text.replace("O'Neil", "")


async def test_a_file_in_a_form_is_imported_like_the_file_itself(stack: Stack):
    user = await holder(stack)
    content = b"email,first name\n" + b"".join(b"a%d@example.com,--x\r\n" % n for n in range(3000))
    answer = await stack.http.post(
        "/api/contacts/import",
        files={"note": (None, "hello"), "file": ("people.csv", content, "text/csv"), "more": (None, "")},
        headers=user.headers,
    )
    assert answer.status_code == 200, answer.text
    assert counts(await ended(stack.pool, answer.json()["data"]["id"])) == {"new": 3000}
    assert {contact["first_name"] for contact in await contacts(stack, user)} == {"'--x"}


FORM = {"Content-Type": "multipart/form-data; boundary=xyz"}
FILE = b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\nemail\n\r\n'


@pytest.mark.parametrize(
    ("content", "headers", "message"),
    [
        (b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--xyz--', FORM, "no part has a file name"),
        (FILE + FILE + b"--xyz--", FORM, "one file"),
        (FILE, FORM, "ends before its last boundary"),
        (b"", FORM, "ends before its last boundary"),
        (b"--xyz\r\n" + b"x" * 10_000, FORM, "headers of a part are too long"),
        (FILE + b"--xyz--", {"Content-Type": "multipart/form-data"}, "names no boundary"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_and_no_file_stays(stack: Stack, content, headers, message):
    user = await holder(stack)
    answer = await post(stack, user, content, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "multipart")
    assert message in answer.json()["message"]
    async with stack.pool.connection() as conn:
        assert (await conn.execute("select from import_files where account_id = %s", (user.id,))).rowcount == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_a_form_is_read_whatever_its_chunks_are(size: int):
    content = b"a\r\n--xy\r\n-\r\n--xyzz"[:-1] * 3
    content = content.replace(b"--xyz", b"--xyq") + b"\r\n--"
    body = b"preamble\r\n" + FILE.replace(b"email\n", content) + b"--xyz--\r\n"

    async def chunks():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    assert b"".join([piece async for piece in file_in(chunks(), b"xyz")]) == content


@pytest.mark.parametrize("dry_run", [True, False])
async def test_no_contact_gets_more_than_50_tags_or_groups_by_an_import(stack: Stack, dry_run):
    user = await holder(stack)
    await make(stack, user, groups=tuple(f"g{n}" for n in range(51)))
    tags = [f"t{n:02}" for n in range(50)]
    await imported(stack, user, "email,tags\na@example.com," + ";".join(tags[:49]) + "\nb@example.com,\n")
    await imported(stack, user, "email\nb@example.com\n", groups=[f"g{n}" for n in range(50)])
    content = "email,tags,groups\na@example.com,x;y,\nb@example.com,,g50\nc@example.com,y;z,\nd@example.com,y,\n"
    done = await imported(stack, user, content, tags=tags[:49], dry_run=dry_run)
    assert counts(done) == {"new": 1, "faulty": 3}
    rows = await faulty(stack, user, done)
    assert [(row["row"], row["column"], row["code"]) for row in rows] == [
        ("2", "tags", "too_many"),
        ("3", "groups", "too_many"),
        ("4", "tags", "too_many"),
    ]
    assert (await contacts(stack, user))[0]["tags"] == ";".join(tags[:49])
    assert counts(await imported(stack, user, content, tags=tags[:49], known="skip", dry_run=dry_run)) == (
        {"new": 1, "unchanged": 1, "faulty": 2} if dry_run else {"unchanged": 2, "faulty": 2}
    )


def test_the_limits_of_an_import_are_those_of_contacts():
    assert (int(staging._MOST_TAGS), int(staging._MOST_GROUPS)) == (MOST_TAGS, MOST_GROUPS)
