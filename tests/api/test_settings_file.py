"""Settings as code over the admin API: exported, compared and applied as one file."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import process_time
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
import pytest_asyncio
import yaml

from domain.keyring import CREDENTIALS, Keyring
from runtime.settings import Settings
from services.settings_file.kinds.plans import Plans
from store.audience.templates import templates
from store.automations import automations
from store.gateways import gateways
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import assert_error
from tests.databases import new_install
from tests.gateways.configs import CONFIGS
from tests.stack import Stack, run_stack

VERSION = {"apiVersion": "xsender/v1"}
SECRET = "hunter2-hunter2-hunter2"
HTTP = {
    "type": "http",
    "config": {"url": "https://sms.example.com/send", "headers": {"Authorization": SECRET, "X-Team": SECRET}},
}


@dataclass(frozen=True)
class Install:
    """An install of a test's own."""

    stack: Stack
    staff: Staff

    async def post(self, action: str, file: Any, staff: Staff | None = None, **query: str) -> httpx.Response:
        content = file if isinstance(file, str | bytes) else yaml.safe_dump(VERSION | file)
        key = (staff or self.staff).key
        return await self.stack.http.post(
            f"{ADMIN}/settings/{action}", content=content, params=query, headers={"Api-key": key}
        )

    async def apply(self, file: Any, **query: str) -> dict[str, Any]:
        answer = await self.post("apply", file, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def diff(self, file: Any, **query: str) -> dict[str, Any]:
        answer = await self.post("diff", file, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def export(self) -> str:
        answer = await self.staff.call("GET", "/settings/export")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/yaml")
        return answer.text

    async def rows(self) -> dict[str, int]:
        """How many rows there are of each table that a file touches."""
        tables = (
            "applied_objects",
            "roles",
            "oidc",
            "plans",
            "gateways",
            "callback_endpoints",
            "keyword_sets",
            "audit_events",
        )
        async with self.stack.pool.connection() as conn:
            counts = [await (await conn.execute(f"select count(*) from {table}")).fetchone() for table in tables]
        return {table: count for table, (count,) in zip(tables, counts, strict=True)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stack(engine: Any) -> AsyncIterator[Stack]:
    """An install of these tests' own."""
    url = await new_install(engine.database_url)
    settings = Settings(database_url=url, temporal_address=engine.temporal_address, keys=Keyring.generate())
    async with run_stack(settings, worker=False) as stack:
        yield stack


@pytest_asyncio.fixture
async def install(own_stack: Stack) -> Install:
    """The install, with nothing in it."""
    async with own_stack.pool.connection() as conn:
        await conn.execute("truncate applied_objects, roles, keyword_sets, callback_endpoints, oidc")
        for table in ("plan_gateways", "plan_channels", "plans", "gateways"):
            await conn.execute(f"delete from {table}")
        await conn.execute("update install_settings set settings = '{}', system_mail = null, version = version + 1")
    return Install(own_stack, await admin(own_stack))


FILE: dict[str, Any] = {
    "settings": {
        "branding": {"product_name": "Acme"},
        "allowed_countries": ["FR", "DE"],
        "system_mail": {
            "host": "mx.example.com",
            "username": "me",
            "password": SECRET,
            "from_address": "no-reply@example.com",
        },
    },
    "roles": {"helpdesk": {"permissions": ["users:read", "messages:read"]}},
    "oidc": {
        "staff": {
            "issuer": "https://login.example.com",
            "client_id": "xsender",
            "client_secret": SECRET,
            "roles": [{"group": "help", "role": "helpdesk"}, {"group": "all", "role": "read-only"}],
        }
    },
    "gateways": {"sms/main": HTTP, "email/box": {"type": "sandbox", "priority": 5, "enabled": False}},
    "plans": {
        "Starter": {
            "price_cents": 900,
            "channels": {"sms": {"credits": 100}},
            "gateways": ["main", "box"],
            "rates": [{"channel": "sms", "prefix": "+33", "credits": 2}, {"channel": "email", "credits": 1}],
        }
    },
    "callbacks": {"https://crm.example.com/hook": {"events": ["message.sent", "message.read"]}},
    "keywords": {"admin": {"stop": ["fin"], "replies": {"stop": "Bye"}}},
}


async def test_what_was_exported_and_applied_is_exported_again_byte_for_byte(install: Install):
    empty = await install.export()
    assert (await install.apply(empty))["changes"] == 0
    assert await install.export() == empty

    applied = await install.apply(FILE)
    assert applied["changes"] == 8
    assert {one["action"] for one in applied["objects"] if one["kind"] != "settings"} == {"create"}
    exported = await install.export()
    assert SECRET not in exported
    before = await install.rows()
    for _ in range(2):
        assert (await install.diff(exported)) == {"objects": [], "changes": 0, "drift": 0}
        assert (await install.apply(exported, prune="true"))["changes"] == 0
        assert await install.export() == exported
    assert await install.rows() == before | {"audit_events": before["audit_events"] + 2}
    assert (await install.apply(FILE))["changes"] == 0

    gateway = await install.staff.data("GET", "/gateways?channel=sms")  # the data of a page
    keyring = Keyring.parse(install.stack.settings.keys.get_secret_value(), CREDENTIALS)
    stored = await gateways.load(install.stack.pool, keyring, gateway[0]["id"])
    assert stored.config == HTTP["config"]


async def test_the_export_is_canonical_and_has_the_published_schema(install: Install):
    await install.apply(FILE)
    exported = await install.export()
    schema = await install.staff.call("GET", "/settings/schema")
    jsonschema_rs.meta.validate(schema.json())
    check = jsonschema_rs.Draft202012Validator(schema.json())
    check.validate(yaml.safe_load(exported))
    check.validate(VERSION | FILE)
    for wrong in ({"nonsense": {}}, {"plans": {"A": {"nonsense": 1}}}, {"gateways": {"sms/a": {"type": "none"}}}):
        assert not check.is_valid(VERSION | wrong)
    loaded = yaml.safe_load(exported)
    assert list(loaded) == sorted(loaded)
    assert loaded["gateways"]["sms/main"]["config"]["headers"] == {
        "Authorization": {"secretRef": "store:config.headers.Authorization"},
        "X-Team": {"secretRef": "store:config.headers.X-Team"},
    }
    assert not any(word in exported for word in ("created_at", "\nid:", "version:", "0.0.0"))


async def test_gateways_of_every_type_survive_export_and_apply(install: Install):
    made = {}
    for name, (channel, config) in sorted(every_type().items()):
        made[f"{channel}/{name}"] = {"type": name, "config": config}
    await install.apply({"gateways": made})
    exported = await install.export()
    assert (await install.apply(exported))["changes"] == 0
    assert (await install.apply({"gateways": made}))["changes"] == 0
    assert await install.export() == exported


def every_type() -> dict[str, tuple[str, dict[str, Any]]]:
    from gateways.registry import GATEWAY_TYPES

    return {
        name: (str(channel), json.loads(json.dumps(config)))
        for name, (channel, config) in CONFIGS.items()
        if name in GATEWAY_TYPES
    }


async def test_what_others_change_is_shown_and_not_overwritten(install: Install):
    await install.apply(FILE)
    await install.staff.data("PATCH", "/plans/Starter", {"price_cents": 500})
    (gateway,) = await install.staff.data("GET", "/gateways?channel=sms")
    await install.staff.data("PATCH", f"/gateways/{gateway['id']}", {"config": {"headers": {"X-Team": "other"}}})
    found = await install.diff(FILE)
    assert (found["changes"], found["drift"]) == (2, 2)
    objects = {one["key"]: one for one in found["objects"]}
    (drift,) = objects["Starter"]["drift"]
    assert drift == {"field": "price_cents", "applied": 900, "now": 500, "secret": False}
    (drift,) = objects["sms/main"]["drift"]
    assert drift == {"field": "config.headers.X-Team", "applied": None, "now": None, "secret": True}
    refused = await install.post("apply", FILE)
    assert_error(refused, 409, "drift")
    assert "plans: Starter" in refused.json()["message"]
    assert (await install.staff.data("GET", "/plans/Starter"))["price_cents"] == 500

    changed = {"plans": {"Starter": FILE["plans"]["Starter"] | {"price_cents": 500, "currency": "EUR"}}}
    found = await install.diff(changed)
    assert (found["changes"], found["drift"]) == (1, 0), "the file says what somebody else has changed it to"
    await install.apply(changed)
    assert (await install.apply(FILE, overwrite_drift="true"))["changes"] == 2
    assert (await install.diff(FILE))["drift"] == 0


async def test_what_was_deleted_by_somebody_else_is_drift(install: Install):
    await install.apply(FILE)
    await install.staff.data("DELETE", "/roles/helpdesk")
    (drift,) = (await install.diff(FILE))["objects"][0]["drift"]
    assert (drift["applied"], drift["now"]) == ("there", "deleted")
    assert_error(await install.post("apply", FILE), 409, "drift")
    await install.apply(FILE, overwrite_drift="true")
    assert (await install.staff.data("GET", "/roles/helpdesk"))["permissions"] == ["messages:read", "users:read"]


async def test_pruning_deletes_only_what_was_applied_before(install: Install):
    await install.staff.data("POST", "/plans", {"name": "By hand"})
    await install.apply(FILE)
    without = {"plans": {}, "roles": {}, "gateways": {}}
    kept = await install.apply(without)
    assert (kept["changes"], {one["action"] for one in kept["objects"]}) == (0, {"keep"})
    assert (await install.diff(without, prune="true"))["changes"] == 4
    assert (await install.apply(without, prune="true"))["changes"] == 4
    assert [plan["name"] for plan in await install.staff.data("GET", "/plans")] == ["By hand"]
    assert await install.staff.data("GET", "/gateways") == []
    exported = yaml.safe_load(await install.export())
    assert list(exported["callbacks"]) == ["https://crm.example.com/hook"], "its section was not in the file"
    assert (await install.apply({"settings": {}}))["changes"] == 1
    assert yaml.safe_load(await install.export())["settings"] == {}


async def test_an_error_in_the_last_object_leaves_nothing(install: Install):
    before, exported = await install.rows(), await install.export()
    refused = await install.post("apply", FILE | {"plans": {"A": {}, "Z": {"gateways": ["nowhere"]}}})
    assert_error(refused, 422, "gateway_not_found", "/plans/Z/gateways")
    assert (await install.rows(), await install.export()) == (before, exported)


async def test_a_process_that_dies_within_leaves_nothing(install: Install, monkeypatch: pytest.MonkeyPatch):
    """The database loses its connection, as when a process is killed, after most objects were written."""
    before, exported = await install.rows(), await install.export()

    async def cut(self: Any, change: Any, *args: Any) -> str:
        async with change.store.connection() as conn:
            assert (await (await conn.execute("select count(*) from gateways")).fetchone())[0] == 2
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")
        return ""

    monkeypatch.setattr(Plans, "put", cut)
    answer = await install.post("apply", FILE)
    assert answer.status_code >= 500
    monkeypatch.undo()
    assert (await install.rows(), await install.export()) == (before, exported)
    assert (await install.apply(FILE))["changes"] == 8


async def test_files_that_are_applied_at_once_do_not_interleave(install: Install):
    def file(number: int) -> dict[str, Any]:
        plans = {f"plan {place:02}": {"price_cents": number} for place in range(20)}
        return {"roles": {"r": {"permissions": [["users:read"], ["plans:read"]][number % 2]}}, "plans": plans}

    await install.apply(file(0))
    answers = await asyncio.gather(
        *(install.post("apply", file(number), overwrite_drift="true") for number in range(1, 7))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    plans = {plan["price_cents"] for plan in await install.staff.data("GET", "/plans?limit=100")}
    (number,) = plans
    role = await install.staff.data("GET", "/roles/r")
    assert role["permissions"] == [["users:read"], ["plans:read"]][number % 2]


async def test_a_change_by_hand_waits_for_a_file_that_is_being_applied(install: Install, monkeypatch):
    await install.apply(FILE)
    reached, go_on = asyncio.Event(), asyncio.Event()
    put = Plans.put

    async def slow(self: Any, *args: Any) -> str:
        reached.set()
        await go_on.wait()
        return await put(self, *args)

    monkeypatch.setattr(Plans, "put", slow)
    changed = FILE | {"plans": {"Starter": FILE["plans"]["Starter"] | {"price_cents": 1}}}
    applying = asyncio.create_task(install.post("apply", changed))
    await reached.wait()
    by_hand = asyncio.create_task(install.staff.call("PATCH", "/plans/Starter", {"price_cents": 7}))
    done, _ = await asyncio.wait([by_hand], timeout=0.3)
    assert not done
    go_on.set()
    assert (await applying).status_code == 200
    assert (await by_hand).status_code == 200
    assert (await install.diff(changed))["drift"] == 1


async def test_nobody_grants_by_a_file_what_they_lack(install: Install):
    writer = await install.staff.colleague("owner", ["settings:read", "settings:write", "plans:read"])
    assert_error(await install.post("apply", {"plans": {"A": {}}}, writer), 403, "permission_missing")
    assert_error(
        await install.post("diff", {"roles": {"a": {"permissions": ["users:read"]}}}, writer), 403, "permission_missing"
    )
    roles = await install.staff.colleague("owner", ["settings:read", "settings:write", "roles:read", "roles:write"])
    more = {"roles": {"a": {"permissions": ["users:delete"]}}}
    assert_error(await install.post("apply", more, roles), 403, "grant_denied")
    own = {"roles": {"a": {"permissions": ["roles:read"]}}}
    assert (await install.post("apply", own, roles)).status_code == 200
    hook = {"callbacks": {"https://crm.example.com/hook": {}}}
    assert_error(await install.post("apply", hook, roles), 403, "permission_missing")
    reader = await install.staff.colleague("owner", ["settings:read"])
    seen = yaml.safe_load((await reader.call("GET", "/settings/export")).text)
    of_users = {"purposes", "contact_fields", "contact_groups", "segments", "templates", "automations", "lead_sources"}
    assert set(seen) == {"apiVersion", "settings", "oidc", "callbacks", "keywords"} | of_users
    assert_error(await reader.call("GET", "/settings/export?kind=roles"), 403, "permission_missing")
    assert (await install.staff.data("GET", "/plans")) == []


async def test_over_http_a_reference_reads_neither_files_nor_the_environment(install: Install, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_SECRET", "of the server")
    (tmp_path / "secret").write_text("of the server")
    for text in (
        "env:SOME_SECRET",
        f"file:{tmp_path}/secret",
        "file:/etc/passwd",
        "vault:x",
        "",
        "store:other",
        "env:",
    ):
        headers = {"Authorization": {"secretRef": text}}
        gateway = {"type": "http", "config": {"url": "https://a.example.com", "headers": headers}}
        answer = await install.post("diff", {"gateways": {"sms/a": gateway}})
        place = "/gateways/sms~1a/config/headers/Authorization"
        assert_error(answer, 422, "secret_reference", place)
        assert "of the server" not in answer.text


async def test_a_stored_secret_stays_and_goes_nowhere_else(install: Install):
    kept = {"headers": {name: {"secretRef": "store:"} for name in ("Authorization", "X-Team")}}
    new = {"gateways": {"sms/main": {"type": "http", "config": {"url": HTTP["config"]["url"], **kept}}}}
    nothing = await install.post("apply", new)
    assert nothing.status_code == 422
    assert {error["code"] for error in nothing.json()["errors"]} == {"secret_missing"}
    await install.apply({"gateways": {"sms/main": HTTP}})
    assert (await install.apply(new))["changes"] == 0
    stolen = {"gateways": {"sms/main": {"type": "http", "config": {"url": "https://thief.example.com", **kept}}}}
    refused = await install.post("apply", stolen)
    assert refused.status_code == 422
    assert {error["code"] for error in refused.json()["errors"]} == {"secret_needed"}
    mail = FILE["settings"]["system_mail"]
    await install.apply({"settings": {"system_mail": mail}})
    there = mail | {"password": {"secretRef": "store:system_mail.password"}}
    assert (await install.apply({"settings": {"system_mail": there}}))["changes"] == 0
    elsewhere = {"settings": {"system_mail": there | {"host": "mx.thief.example"}}}
    assert_error(await install.post("apply", elsewhere), 422, "secret_needed", "/settings/system_mail/password")


async def test_each_object_has_an_event_without_its_secrets(install: Install):
    await install.apply(FILE)
    events = await install.staff.data("GET", "/audit?limit=9")
    actions = {event["action"] for event in events}
    assert {
        *("settings.applied", "settings.updated", "role.put", "oidc.updated", "gateway.created", "plan.created"),
        *("callback.created", "keywords.put"),
    } <= actions
    whole = events[0]
    assert whole["action"] == "settings.applied"
    assert whole["metadata"] == {"create": 7, "update": 1, "delete": 0}
    assert SECRET not in str(events)


async def test_a_dry_run_does_all_and_writes_nothing(install: Install):
    before, exported = await install.rows(), await install.export()
    answer = await install.post("apply", FILE, dry_run="true")
    assert (answer.json()["dry_run"], answer.json()["data"]["changes"]) == (True, 8)
    assert (await install.rows(), await install.export()) == (before, exported)


async def test_objects_that_are_kept_by_a_file_say_so(install: Install):
    await install.staff.data("POST", "/plans", {"name": "By hand"})
    assert (await install.staff.data("GET", "/settings"))["managed_by"] is None
    await install.apply(FILE)
    assert (await install.staff.data("GET", "/settings"))["managed_by"] == "file"
    plans = {plan["name"]: plan["managed_by"] for plan in await install.staff.data("GET", "/plans")}
    assert plans == {"By hand": None, "Starter": "file"}
    assert (await install.staff.data("GET", "/plans/Starter"))["managed_by"] == "file"
    assert {one["managed_by"] for one in await install.staff.data("GET", "/gateways")} == {"file"}
    roles = {role["name"]: role["managed_by"] for role in await install.staff.data("GET", "/roles")}
    assert (roles["helpdesk"], roles["owner"]) == ("file", None)
    assert (await install.staff.data("GET", "/roles/helpdesk"))["managed_by"] == "file"
    assert (await install.staff.data("GET", "/oidc"))["managed_by"] == "file"


async def test_objects_of_users_are_named_by_their_owner(install: Install):
    email = f"{uuid4().hex}@example.com"
    await install.staff.data("POST", "/users", {"email": email, "name": "Ann", "external_id": "crm-7"})
    await install.staff.data("POST", "/users", {"email": "bo@example.com", "name": "Bo"})
    file = {
        "gateways": {"crm-7 sms/own": {"type": "sandbox"}, "bo@example.com sms/own": {"type": "sandbox"}},
        "callbacks": {"crm-7 https://example.com/hook": {}},
        "keywords": {"crm-7": {"stop": ["fin"]}},
    }
    assert (await install.apply(file))["changes"] == 4
    assert (await install.apply(file))["changes"] == 0
    exported = yaml.safe_load(await install.export())
    assert {kind: set(exported[kind]) for kind in file} == {kind: set(content) for kind, content in file.items()}
    assert (await install.apply(await install.export()))["changes"] == 0
    unknown = await install.post("apply", {"gateways": {"nobody sms/own": {"type": "sandbox"}}})
    assert_error(unknown, 422, "account_not_found", "/gateways/nobody sms~1own")
    plain = await install.post("diff", {"callbacks": {"crm-7 http://example.com/hook": {}}})
    assert_error(plain, 422, "https_required", "/callbacks/crm-7 http:~1~1example.com~1hook")


OF_AUDIENCE: dict[str, Any] = {
    "purposes": {
        "crm-9 news": {"name": "News", "default": "opt_in"},
        "crm-9 marketing": {"name": "Offers", "public": False},
    },
    "contact_fields": {"crm-9 size": {"type": "text"}},
    "contact_groups": {"crm-9 shop": {}},
    "segments": {"crm-9 vip": {"condition": {"all": [{"tag": "vip"}, {"group": "shop"}]}}},
    "templates": {"crm-9 welcome": {"name": "Welcome", "sms": {"en": {"message": "Hi {{ contact.first_name }}"}}}},
    "automations": {
        "crm-9 hello": {
            "schema": "xsender.flow/1",
            "key": "hello",
            "name": "Hello",
            "trigger": {"kind": "event", "event": "shop.registered"},
            "settings": {"send_window": {"from": "09:00", "to": "20:00"}},
            "steps": [
                {"id": "w", "kind": "wait", "for": "1h"},
                {"id": "m", "kind": "send", "channel": "sms", "template": "welcome"},
            ],
        }
    },
    "lead_sources": {
        "crm-9 ads": {
            "kind": "google",
            "name": "Search ads",
            "country": "DE",
            "groups": ["shop"],
            "automation": "hello",
            "reply": {"channel": "sms", "template": "welcome"},
            "mapping": [{"from": "size", "to": "field:size"}],
        }
    },
}


async def with_user(install: Install) -> int:
    """A new user whose external id is that of the file."""
    async with install.stack.pool.connection() as conn:
        await conn.execute("update accounts set external_id = null where external_id = 'crm-9'")
    body = {"email": f"{uuid4().hex}@example.com", "name": "Cy", "external_id": "crm-9"}
    return (await install.staff.data("POST", "/users", body))["id"]


async def test_what_users_keep_of_their_audience_is_applied_exported_and_applied_again(install: Install):
    await with_user(install)
    assert (await install.apply(OF_AUDIENCE))["changes"] == 8
    exported = await install.export()
    loaded = yaml.safe_load(exported)
    assert {kind: set(loaded[kind]) for kind in OF_AUDIENCE} == {kind: set(of) for kind, of in OF_AUDIENCE.items()}
    jsonschema_rs.Draft202012Validator((await install.staff.call("GET", "/settings/schema")).json()).validate(loaded)
    for file in (OF_AUDIENCE, exported):
        assert (await install.diff(file)) == {"objects": [], "changes": 0, "drift": 0}
        assert (await install.apply(file, prune="true"))["changes"] == 0
    assert await install.export() == exported


async def test_a_changed_template_is_published_anew_and_a_pruned_one_archived(install: Install):
    account_id = await with_user(install)
    of = OF_AUDIENCE["templates"]["crm-9 welcome"]

    async def stored() -> Any:
        found = await templates.get(install.stack.pool, account_id, "welcome")
        return found.published, found.name, found.archived_at is not None

    async def apply(form: Any, **query: str) -> int:
        return (await install.apply({"templates": {"crm-9 welcome": form} if form else {}}, **query))["changes"]

    assert (await apply(of), await stored()) == (1, (1, "Welcome", False))
    assert (await apply(of | {"sms": {"en": {"message": "Hello"}}}), await stored()) == (1, (2, "Welcome", False))
    renamed = of | {"name": "Hello", "sms": {"en": {"message": "Hello"}}}
    assert (await apply(renamed), await stored()) == (1, (2, "Hello", False))
    assert (await apply(None, prune="true"), await stored()) == (1, (2, "Hello", True))
    assert (await apply(renamed), await stored()) == (1, (3, "Hello", False))


async def test_an_automation_of_a_file_is_published_as_a_patch_or_a_version_as_it_needs(install: Install):
    account_id = await with_user(install)
    of = OF_AUDIENCE["automations"]["crm-9 hello"]

    async def apply(form: Any, **query: str) -> tuple[int | None, int, str]:
        file = {"templates": OF_AUDIENCE["templates"], "automations": {"crm-9 hello": form} if form else {}}
        await install.apply(file, **query)
        found = await automations.find(install.stack.pool, account_id, "hello")
        assert found is not None
        assert found.draft is None
        return found.version, found.revision, found.state

    assert await apply(of) == (1, 1, "active")
    wait, mail = of["steps"]
    longer = of | {"steps": [wait | {"for": "2h"}, mail]}
    assert await apply(longer) == (1, 2, "active")
    assert await apply(of | {"steps": [mail]}) == (2, 1, "active")
    assert await apply(None, prune="true") == (2, 1, "archived")
    assert await apply(of | {"steps": [mail]}) == (2, 2, "active")
    refused = await install.post("apply", {"automations": {"crm-9 other": of}})
    assert_error(refused, 422, "automation_key", "/automations/crm-9 other/key")


async def test_what_a_user_changes_of_its_audience_is_drift_and_pruning_takes_it_away(install: Install):
    account_id = await with_user(install)
    await install.apply(OF_AUDIENCE)
    async with install.stack.pool.connection() as conn:
        await conn.execute("update segments set name = 'Mine' where account_id = %s", (account_id,))
    found = await install.diff(OF_AUDIENCE)
    assert (found["changes"], found["drift"]) == (1, 1)
    assert_error(await install.post("apply", OF_AUDIENCE), 409, "drift")
    assert (await install.apply(OF_AUDIENCE, overwrite_drift="true"))["changes"] == 1
    nothing = {kind: {} for kind in OF_AUDIENCE}
    assert (await install.apply(nothing, prune="true"))["changes"] == 8
    loaded = yaml.safe_load(await install.export())
    assert {kind: loaded[kind] for kind in OF_AUDIENCE} == nothing
    async with install.stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select name, public from purposes where key = 'marketing' and account_id = %s", (account_id,)
        )
        assert await cursor.fetchall() == [("News and offers", True)]


async def test_the_type_of_a_custom_field_stays(install: Install):
    await with_user(install)
    await install.apply({"contact_fields": {"crm-9 size": {"type": "text"}}})
    other = await install.post("apply", {"contact_fields": {"crm-9 size": {"type": "number"}}})
    assert_error(other, 409, "field_type")


@pytest.mark.parametrize(
    ("file", "code", "pointer", "hint"),
    [
        ({"plnas": {}}, "extra_forbidden", "/plnas", "'plans'"),
        ({"plans": {"A": {"price_cent": 1}}}, "extra_forbidden", "/plans/A/price_cent", "'price_cents'"),
        ({"plans": {"A": {"name": "B"}}}, "extra_forbidden", "/plans/A/name", "key"),
        (
            {"plans": {"A": {"channels": {"sms": {"credit": 1}}}}},
            "extra_forbidden",
            "/plans/A/channels/sms/credit",
            "'credits'",
        ),
        ({"settings": {"default_regoin": "FR"}}, "extra_forbidden", "/settings/default_regoin", "'default_region'"),
        ({"settings": {"branding": {"color": 1}}}, "extra_forbidden", "/settings/branding/color", "'colour'"),
        ({"settings": {"system_mail": {"hots": "a"}}}, "extra_forbidden", "/settings/system_mail/hots", "'host'"),
        (
            {"gateways": {"sms/a": {"type": "http", "config": {"ulr": "x"}}}},
            "extra_forbidden",
            "/gateways/sms~1a/config/ulr",
            "'url'",
        ),
        ({"gateways": {"sms/a": {"type": "none"}}}, "unknown_type", "/gateways/sms~1a/type", "known"),
        ({"gateways": {"main": {"type": "sandbox"}}}, "file_key", "/gateways/main", "sms/main"),
        ({"gateways": {"fax/a": {"type": "sandbox"}}}, "file_key", "/gateways/fax~1a", "sms/main"),
        ({"roles": {"a": {"permissions": ["none:read"]}}}, "permission_unknown", "/roles/a/permissions", "none:read"),
        ({"callbacks": {"nowhere": {}}}, "file_key", "/callbacks/nowhere", "address"),
        ({"callbacks": {"https://a.example.com": {"secret": "x"}}}, "value_error", None, "whsec_"),
        ({"keywords": {"admin": {"stop": ["\n"]}}}, "value_error", "/keywords/admin/stop/0", "word"),
        ({"segments": {"vip": {"condition": {"tag": "vip"}}}}, "file_key", "/segments/vip", "owner"),
        (
            {"segments": {"a b": {"condition": {"all": [{"tga": 1}]}}}},
            "condition_kind",
            "/segments/a b/condition/all/0",
            "",
        ),
        ({"templates": {"a b": {"name": "B", "sms": {"en": {"message": "{{ a"}}}}}, "invalid_template", None, "}}"),
        ({"purposes": {"a b": {"name": "B", "defualt": "opt_in"}}}, "extra_forbidden", None, "'default'"),
        ({"plans": []}, "object_type", "/plans", "mapping"),
        ({"plans": {"A": 1}}, "object_type", "/plans/A", "mapping"),
        ({"apiVersion": "xsender/v2"}, "api_version", "/apiVersion", "xsender/v1"),
    ],
)
async def test_an_error_names_its_place_and_what_to_write(stack: Stack, file, code, pointer, hint):
    install = Install(stack, await admin(stack))
    error = (await install.post("diff", yaml.safe_dump(VERSION | file))).json()["errors"][0]
    assert error["code"] == code, error
    assert pointer in (None, error["pointer"])
    assert hint in error["message"]


HOSTILE = {
    "a billion laughs": ("a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30)), "yaml_alias"),
    "a tag": ("apiVersion: !!python/object/apply:os.system ['id']", "yaml_tag"),
    "a tag of text": ("apiVersion: !!str xsender/v1", "yaml_tag"),
    "a key twice": ("apiVersion: xsender/v1\nplans: {A: {}, A: {}}", "yaml_duplicate_key"),
    "a key twice in JSON": ('{"apiVersion": "xsender/v1", "plans": {}, "plans": {}}', "json_duplicate_key"),
    "nested lists": ("[" * 200_000, "yaml_depth"),
    "nested mappings": ("".join(" " * n + "a:\n" for n in range(400)), "yaml_depth"),
    "nested JSON": ('{"a":' * 50_000 + "1" + "}" * 50_000, "json_depth"),
    "no number": ("apiVersion: .nan", "yaml_number"),
    "no number in JSON": ('{"apiVersion": NaN}', "api_version"),
    "infinity": ("apiVersion: -.inf", "yaml_number"),
    "too large a number": ("apiVersion: 1e999", "yaml_number"),
    "a very long number": ("apiVersion: " + "9" * 400_000, "yaml_number"),
    "several documents": ("a: 1\n---\nb: 2", "yaml_syntax"),
    "NUL": ('a: "\\0"', "yaml_text"),
    "merge keys": ("a: {<<: {b: 1}}", "yaml_alias"),
    "a list as key": ("? [a]\n: 1", "yaml_key"),
    "other text": (b"a: \xff\xfe", "yaml_text"),
    "nothing": ("", "object_type"),
    "text": ("hello", "object_type"),
    "too many values": ("- a\n" * 120_000, "yaml_size"),
    "half": ("a: [1, 2", "yaml_syntax"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_hostile_files_are_refused_quickly(stack: Stack, name: str):
    install, (text, code) = Install(stack, await admin(stack)), HOSTILE[name]
    for action in ("diff", "apply"):
        began = process_time()
        answer = await install.post(action, text)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text[:300]
        assert process_time() - began < 5


async def test_five_megabytes_are_refused(stack: Stack):
    install = Install(stack, await admin(stack))
    assert_error(await install.post("apply", b"a" * 5_000_000), 413, "too_large")


async def test_other_requests_are_answered_while_a_long_file_is_read(stack: Stack):
    install = Install(stack, await admin(stack))
    long = "apiVersion: xsender/v1\nplans:\n" + "".join(f"  plan {n}: {{price_cents: {n}}}\n" for n in range(3_000))
    reading = asyncio.create_task(install.post("diff", long))
    meanwhile = 0
    while not reading.done():
        await stack.http.get("/health/live")
        meanwhile += not reading.done()
    assert reading.result().status_code == 200
    assert meanwhile > 1


async def test_what_needs_a_second_person_needs_one_in_a_file_too(install: Install):
    role = {"roles": {"helpdesk": {"permissions": ["users:read"]}}}
    await install.apply(role)
    second = await install.staff.colleague("owner")
    await install.staff.data("PUT", "/approval-policies/role_grant", {})
    try:
        other = {"roles": {"helpdesk": {"permissions": ["users:read", "users:write"]}}}
        waiting = await install.post("apply", other)
        assert waiting.status_code == 202, waiting.text
        assert (await install.diff(other))["changes"] == 1
        approval = waiting.json()["data"]["id"]
        assert (await second.call("POST", f"/approvals/{approval}/approve")).status_code == 200
        assert (await install.diff(other))["changes"] == 0
    finally:
        await install.staff.data("DELETE", "/approval-policies/role_grant")


def provider(**more: Any) -> dict[str, Any]:
    """A file with a provider of identities."""
    roles = [{"group": "help", "role": "support"}]
    return {"oidc": {"staff": FILE["oidc"]["staff"] | {"roles": roles} | more}}


def mapping(*roles: str) -> dict[str, Any]:
    return provider(roles=[{"group": f"group-{role}", "role": role} for role in roles])


async def test_nobody_maps_a_group_by_a_file_to_a_role_that_may_do_more(install: Install):
    writer = await install.staff.colleague("owner", ["settings:read", "settings:write", "users:read"])
    await install.staff.data("PUT", "/roles/reader", {"permissions": ["users:read"]})
    await install.staff.data("PUT", "/roles/writer", {"permissions": ["users:write"]})
    assert_error(await install.post("apply", mapping("writer"), writer), 403, "grant_denied")
    assert (await install.staff.call("GET", "/oidc")).status_code == 404
    assert (await install.post("apply", mapping("reader"), writer)).status_code == 200
    await install.apply(mapping("writer"))
    for file in (mapping("reader"), mapping()):
        assert_error(await install.post("apply", file, writer), 403, "grant_denied")
    assert_error(await install.post("apply", {"oidc": {}}, writer, prune="true"), 403, "grant_denied")
    reader = await install.staff.colleague("owner", ["settings:read"])
    assert_error(await install.post("apply", mapping("reader"), reader), 403, "permission_missing")
    assert [one["role"] for one in (await install.staff.data("GET", "/oidc"))["roles"]] == ["writer"]


async def test_a_mapping_in_a_file_waits_for_a_second_person_like_any_other(install: Install):
    await install.apply(mapping("support"))
    second = await install.staff.colleague("owner")
    await install.staff.data("PUT", "/approval-policies/role_grant", {})
    try:
        for file, query in ((mapping("owner"), {}), ({"oidc": {}}, {"prune": "true"})):
            waiting = await install.post("apply", file, **query)
            assert waiting.status_code == 202, waiting.text
            assert SECRET not in waiting.text
            assert (await install.diff(file, **query))["changes"] == 1
            approval = waiting.json()["data"]["id"]
            assert (await second.call("POST", f"/approvals/{approval}/approve")).status_code == 200
            assert (await install.diff(file, **query))["changes"] == 0
        by_hand = await install.staff.call("PATCH", "/oidc", provider()["oidc"]["staff"] | {"roles": []})
        assert by_hand.status_code == 202
    finally:
        await install.staff.data("DELETE", "/approval-policies/role_grant")


async def test_the_secret_of_a_provider_stays_with_its_issuer(install: Install):
    kept = {"client_secret": {"secretRef": "store:"}}
    assert_error(await install.post("apply", provider(**kept)), 422, "secret_missing", "/oidc/staff/client_secret")
    await install.apply(provider())
    assert (await install.apply(provider(**kept)))["changes"] == 0
    assert (await install.apply(provider(client_id="other", **kept)))["changes"] == 1
    elsewhere = await install.post("apply", provider(issuer="https://evil.example.com", **kept))
    assert_error(elsewhere, 422, "secret_needed", "/oidc/staff/client_secret")
    (told,) = (await install.diff(provider(client_id="other", client_secret="another one")))["objects"]
    assert [(one["field"], one["secret"]) for one in told["changes"]] == [("client_secret", True)]
    assert "another one" not in str(told)
    over_http = await install.post("apply", provider(client_secret={"secretRef": "env:HOME"}))
    assert_error(over_http, 422, "secret_reference", "/oidc/staff/client_secret")


async def test_a_provider_that_was_changed_by_hand_is_drift_and_one_that_was_applied_is_pruned(install: Install):
    await install.apply(provider())
    await install.staff.data("PATCH", "/oidc", {"enabled": False})
    assert_error(await install.post("apply", provider()), 409, "drift")
    await install.apply(provider(), overwrite_drift="true")
    assert (await install.apply({"roles": {}}, prune="true"))["changes"] == 0, "its section was not in the file"
    assert (await install.apply({"oidc": {}}))["changes"] == 0
    assert (await install.apply({"oidc": {}}, prune="true"))["changes"] == 1
    assert (await install.staff.call("GET", "/oidc")).status_code == 404
    assert yaml.safe_load(await install.export())["oidc"] == {}
    (event, *_) = await install.staff.data("GET", "/audit?target=oidc:staff")
    assert event["action"] == "oidc.removed"


async def test_there_is_one_provider_and_it_needs_a_secret(install: Install):
    whole = provider()["oidc"]["staff"]
    others = {name: value for name, value in whole.items() if name != "client_secret"}
    for file, code, place in (
        ({"oidc": {"users": whole}}, "file_key", "/oidc/users"),
        ({"oidc": {"staff": others}}, "missing", "/oidc/staff/client_secret"),
        ({"oidc": {"staff": whole | {"client_secret": 7}}}, "secret_needed", "/oidc/staff/client_secret"),
        ({"oidc": {"staff": whole | {"client_secret": {"a": {"b": 1}}}}}, None, None),
        ({"oidc": {"staff": whole | {"issuers": 1}}}, "extra_forbidden", "/oidc/staff/issuers"),
        ({"oidc": {"staff": whole | {"issuer": "http://x"}}}, "value_error", "/oidc/staff"),
    ):
        answer = await install.post("diff", file)
        if code is None:
            assert answer.status_code == 422, answer.text
        else:
            assert_error(answer, 422, code, place)
    assert_error(await install.post("apply", mapping("nobody")), 409, "role_not_found")


LOST = {
    "gateways": "update gateways set config = %s where identifier = 'main'",
    "callbacks": "update callback_endpoints set secrets = %s",
    "settings": "update install_settings set system_mail = %s",
    "oidc": "update oidc set client_secret = %s",
}
"""By section, what replaces a stored secret by one of a key that the ring does not have."""
NAMED = {"gateways": "sms/main", "callbacks": "https://crm.example.com/hook", "settings": "install", "oidc": "staff"}


async def lose_key(install: Install, section: str, *, with_applied: bool) -> None:
    """As if the ring had lost the key of an object."""
    sealed = Keyring.parse(Keyring.generate().replace("k1:", "gone:"), CREDENTIALS).encrypt(b"{}", b"")
    async with install.stack.pool.connection() as conn:
        await conn.execute(LOST[section].encode(), (sealed,))
        if with_applied:
            await conn.execute("update applied_objects set document = %s where key = %s", (sealed, NAMED[section]))


@pytest.mark.parametrize("with_applied", [False, True])
@pytest.mark.parametrize("section", list(LOST))
async def test_what_does_not_open_is_named_and_all_else_is_changed(install: Install, section: str, with_applied: bool):
    await install.apply(FILE)
    whole = yaml.safe_load(await install.export())
    await lose_key(install, section, with_applied=with_applied)
    name = f"{section}: {NAMED[section]}"
    exported = await install.export()
    assert exported.splitlines()[0] == f"# left out, as its secrets do not open: {name}"
    if section == "settings":
        del whole["settings"]
    else:
        del whole[section][NAMED[section]]
    assert yaml.safe_load(exported) == whole
    before = await install.rows()
    assert (await install.apply(exported))["changes"] == 0
    assert (await install.apply(exported, prune="true"))["changes"] == 0
    assert await install.rows() == before | {"audit_events": before["audit_events"] + 2}

    changed = FILE | {"plans": {"Starter": FILE["plans"]["Starter"] | {"price_cents": 1000}}}
    skipped = {"kind": section, "key": NAMED[section], "action": "skip", "changes": [], "drift": []}
    for told in (await install.diff(changed), await install.apply(changed)):
        assert skipped in told["objects"]
        assert [one["kind"] for one in told["objects"] if one["action"] != "skip"] == ["plans"]
    assert yaml.safe_load(await install.export())["plans"]["Starter"]["price_cents"] == 1000
    assert (await install.diff(changed))["objects"] == [skipped]


async def test_if_only_what_was_applied_does_not_open_nothing_is_overwritten_unasked(install: Install):
    await install.apply(FILE)
    lost = Keyring.parse(Keyring.generate().replace("k1:", "gone:"), CREDENTIALS).encrypt(b"{}", b"")
    async with install.stack.pool.connection() as conn:
        await conn.execute("update applied_objects set document = %s", (lost,))
    changed = {"plans": {"Starter": FILE["plans"]["Starter"] | {"price_cents": 1000}}}
    assert_error(await install.post("apply", changed), 409, "drift")
    assert (await install.apply(changed, overwrite_drift="true"))["changes"] == 1
    again = {"plans": {"Starter": FILE["plans"]["Starter"] | {"price_cents": 1100}}}
    assert (await install.apply(again))["changes"] == 1, "it is kept with a key that the ring has"
