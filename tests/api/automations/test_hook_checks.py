"""Posts to a hook that demands a signature: only those that have it are taken, and nobody learns how to forge one."""

import json

from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, holder
from tests.api.automations.hooks import ADA, entered, failed, listened, made, of_hook, post, signed
from tests.stack import Stack

RAW = json.dumps(ADA).encode()
STYLES = ("bearer", "standard_webhooks", "shopify", "woocommerce", "stripe", "typeform", "calendly")
GIVEN = "a-secret-of-the-provider"


def secret_for(style: str) -> dict[str, str]:
    return {"secret": GIVEN} if style in ("shopify", "stripe") else {}


async def test_a_post_is_taken_if_it_is_signed_and_refused_if_not(stack: Stack):
    user = await holder(stack)
    for style in STYLES:
        hook = await made(stack, user, name=style, auth={"style": style}, **secret_for(style))
        secret = hook.get("secret", GIVEN)
        await listened(stack, user, key=style, trigger={"kind": "webhook", "hook": hook["key"]})
        forged = signed(style, "another-secret" if style != "standard_webhooks" else "whsec_" + "QUFB" * 8, RAW)
        for headers in ({}, forged):
            refused = assert_error(await post(stack, hook["path"], RAW, headers), 401, "hook_unauthorized")
            assert "signature" not in refused["message"]
        if style != "bearer":
            tampered = RAW.replace(b"ada@", b"eve@")
            assert (await post(stack, hook["path"], tampered, signed(style, secret, RAW))).status_code == 401
        answer = await post(stack, hook["path"], RAW, signed(style, secret, RAW))
        assert (answer.status_code, answer.json()["workflows_triggered"]) == (200, 1), answer.text
    contacts = (await call(stack, user, "GET", "/contacts")).json()["data"]
    assert [one["email"] for one in contacts] == ["ada@example.com"]


async def test_the_hook_shows_its_owner_why_posts_were_refused(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "calendly"})
    for headers in ({}, signed("calendly", "another-secret", RAW), signed("calendly", hook["secret"], RAW, 1e9)):
        assert_error(await post(stack, hook["path"], RAW, headers), 401, "hook_unauthorized")
    assert await failed(stack, user, 3) == "time_differs"


async def test_a_hook_without_the_providers_secret_takes_nothing_until_it_is_set(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, preset="stripe")
    assert (hook["has_secret"], "secret" in hook) == (False, False)
    assert (await post(stack, hook["path"], RAW, signed("stripe", "", RAW))).status_code == 401
    assert await failed(stack, user, 1) == "secret_missing"
    path = "/hooks/shop-cart/rotate-secret"
    assert_error(await call(stack, user, "POST", path, {"overlap": "0"}), 422, "hook_secret", "/secret")
    set_ = await data(stack, user, "POST", path, {"overlap": "0", "secret": GIVEN})
    assert (set_["has_secret"], "secret" in set_) == (True, False)
    assert (await post(stack, hook["path"], RAW, signed("stripe", GIVEN, RAW))).status_code == 200


async def test_posts_from_elsewhere_are_refused(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, ips=["203.0.113.0/24", "2001:db8::/32"])
    assert hook["ips"] == ["203.0.113.0/24", "2001:db8::/32"]
    answer = await post(stack, hook["path"], ADA, {"X-Forwarded-For": "198.51.100.7"})
    assert_error(answer, 403, "address_not_allowed")
    assert await failed(stack, user, 1) == "address_not_allowed"
    # The tests' own address is a trusted proxy, as on a machine with a proxy in front.
    assert (await post(stack, hook["path"], ADA, {"X-Forwarded-For": "203.0.113.7"})).status_code == 200
    await data(stack, user, "PATCH", "/hooks/shop-cart", {"ips": None})
    assert (await post(stack, hook["path"], ADA)).status_code == 200


async def test_the_address_is_rotated_with_an_overlap(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user, entry={"re_entry": {"mode": "always"}})
    paths = [hook["path"]]
    for _ in range(2):  # an extra rotation does not end the one in use
        answer = await call(stack, user, "POST", "/hooks/shop-cart/rotate", {"overlap": "24h"})
        paths.append(f"/api/automation/webhook/{answer.json()['data']['id']}")
    assert len(set(paths)) == 3
    for path in paths:
        assert (await post(stack, path, ADA)).json()["workflows_triggered"] == 1
    assert (await of_hook(stack, user))["former_id_until"] is not None
    answer = await call(stack, user, "POST", "/hooks/shop-cart/rotate", {"overlap": "0"})
    paths.append(f"/api/automation/webhook/{answer.json()['data']['id']}")
    for path in paths[:3]:
        assert_error(await post(stack, path, ADA), 404, "hook_not_found")
    assert (await post(stack, paths[3], ADA)).status_code == 200
    assert (await of_hook(stack, user))["former_id_until"] is None
    shown = (await call(stack, user, "GET", "/hooks")).text
    assert not any(path.rsplit("/", 1)[1] in shown for path in paths)


async def test_the_secret_is_rotated_with_an_overlap(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "standard_webhooks"})
    first = hook["secret"]
    second = (await data(stack, user, "POST", "/hooks/shop-cart/rotate-secret", {"overlap": "1h"}))["secret"]
    for secret in (first, second):
        answer = await post(stack, hook["path"], RAW, signed("standard_webhooks", secret, RAW))
        assert answer.status_code == 200, secret
    third = (await data(stack, user, "POST", "/hooks/shop-cart/rotate-secret", {"overlap": "0"}))["secret"]
    for secret, status in ((first, 401), (second, 401), (third, 200)):
        answer = await post(stack, hook["path"], RAW, signed("standard_webhooks", secret, RAW))
        assert answer.status_code == status, secret
    everything = (await call(stack, user, "GET", "/hooks/shop-cart")).text
    assert not any(secret in everything for secret in (first, second, third))


async def test_secrets_are_sealed(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "bearer"})
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute("select h::text from automation_hooks h where account_id = %s", (user.id,))
        ).fetchone()
    assert row is not None
    assert hook["secret"] not in row[0]
    assert hook["secret"].encode().hex() not in row[0]


UNFIT = [
    ({"auth": {"style": "bearer"}}, 422, "hook_secret"),
    ({"secret": GIVEN}, 409, "hook_not_signed"),
    ({"auth": {"style": "standard_webhooks"}, "secret": "not base64!"}, 422, "hook_secret"),
    ({"auth": {"style": "basic"}}, 422, "union_tag_invalid"),
    ({"auth": {"style": "hmac"}}, 422, "missing"),
    ({"auth": {"style": "hmac", "header": "a b"}}, 422, "string_pattern_mismatch"),
    ({"ips": ["203.0.113.7/8"]}, 422, "value_error"),
    ({"ips": []}, 422, "too_short"),
    ({"delivery": ["X-Id"]}, 422, "string_pattern_mismatch"),
    ({"map": {"mail": "/mail"}}, 422, "extra_forbidden"),
]


async def test_settings_that_cannot_be_are_refused(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    before = await of_hook(stack, user)
    for change, status, code in UNFIT:
        answer = await call(stack, user, "PATCH", "/hooks/shop-cart", change)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code), answer.text
    assert await of_hook(stack, user) == before


async def test_a_change_counts_from_the_next_post_on(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user)
    found = await call(stack, user, "GET", "/hooks/shop-cart")
    change = {"name": "Basket", "auth": {"style": "bearer"}, "secret": GIVEN, "map": {"email": "/who"}}
    stale = await stack.http.patch("/api/hooks/shop-cart", json=change, headers=user.headers | {"If-Match": '"x"'})
    assert_error(stale, 412, "changed_meanwhile")
    matching = user.headers | {"If-Match": found.headers["etag"]}
    changed = await stack.http.patch("/api/hooks/shop-cart", json=change, headers=matching)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["data"]["key"], changed.json()["data"]["name"]) == ("shop-cart", "Basket")
    assert GIVEN not in changed.text
    body = {"who": "bob@example.com"}
    assert (await post(stack, hook["path"], body)).status_code == 401
    assert (await post(stack, hook["path"], body, {"Authorization": f"bearer {GIVEN}"})).status_code == 200
    (run,) = await entered(stack, user)
    assert run["event"] == {}


async def test_what_is_done_to_hooks_is_in_the_audit_log_without_secrets(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "bearer"})
    again = await data(stack, user, "POST", "/hooks/shop-cart/rotate")
    secret = (await data(stack, user, "POST", "/hooks/shop-cart/rotate-secret"))["secret"]
    await data(stack, user, "PATCH", "/hooks/shop-cart", {"testing": True})
    await data(stack, user, "DELETE", "/hooks/shop-cart")
    admin = await stack.admin()
    log = await stack.http.get(
        "/api/admin/v1/audit", params={"target": "hook:shop-cart", "limit": 200}, headers=admin.headers
    )
    assert log.status_code == 200, log.text
    mine = [one for one in log.json()["data"] if str(one["actor"].get("id")) == str(user.id)]
    assert [one["action"] for one in mine] == [
        f"hook.{what}" for what in ("deleted", "changed", "secret_rotated", "rotated", "created")
    ]
    assert not any(word in json.dumps(mine) for word in (hook["id"], hook["secret"], again["id"], secret))
