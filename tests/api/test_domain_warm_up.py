"""The warm-up of a sender domain: caps count for what is from it, whichever gateway that takes."""

from tests.api.answers import EMAIL
from tests.api.batches import ended, steer, until
from tests.dns_double import Dns
from tests.sending_domains import verified
from tests.stack import Stack


async def test_mails_from_a_domain_keep_to_its_cap_and_others_do_not(stack: Stack, dns: Dns):
    user = await stack.user(credit=2000)
    await stack.gateway(user.id, "email", "sandbox", {}, from_policy="verified_domains")
    domain = await verified(stack, dns, user)
    path = f"/api/domains/{domain['id']}/warm-up"
    made = await stack.http.put(path, headers=user.headers, json={"ladder": "sim"})
    assert made.status_code == 200, made.text
    contacts = [EMAIL | {"email": f"a{n}@example.com"} for n in range(501)]
    batches = []
    for more in ({"from": f"news@{domain['domain']}"}, {}):
        answer = await stack.http.post("/api/email/send", headers=user.headers, json={"contact": contacts, **more})
        assert answer.status_code == 200, answer.text
        batches.append(answer.json()["batch"])
    assert (await ended(stack, user, batches[1]))["counts"] == {"sent": 501}
    data = await until(stack, user, batches[0], lambda data: (data["waiting"] or {}).get("for") == "warm_up")
    assert data["counts"] == {"sent": 10, "queued": 491}
    own = await stack.http.get("/api/reputation", headers=user.headers)
    (shown,) = own.json()["data"]["warm_ups"]
    assert (shown["domain_id"], shown["sent_this_hour"], shown["hour_cap"]) == (domain["id"], 10, 10)
    await steer(stack, user, batches[0], "cancel")
    await ended(stack, user, batches[0])
