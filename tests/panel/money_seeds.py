"""Users, plans, requests and what else pages of money and of the system show."""

import base64
from dataclasses import dataclass

from tests.api.admin import Staff
from tests.panel.seeds import made, program
from tests.stack import Stack, User

PROOF = base64.b64encode(b"%PDF-1.4\n%%EOF").decode()


@dataclass(frozen=True)
class Money:
    """Ids of what was made."""

    account: int
    plan: int
    request: int
    staff: int
    operation: str


async def money(install: Stack, boss: Staff, account: User) -> Money:
    """A little of everything."""
    name = f"Plan for the account with the number {account.id}"
    plan = await boss.data(
        "POST",
        "/plans",
        {
            "name": name,
            "price_cents": 1900,
            "channels": {"sms": {"credits": 1000, "carry_over": 200}, "email": {"credits": 125_000}},
            "rates": [{"channel": "sms", "prefix": "+49", "credits": 3}],
        },
    )
    await boss.data("PUT", f"/users/{account.id}/plan", {"plan": name})
    await boss.data("POST", f"/users/{account.id}/credits", {"channel": "sms", "amount": 500, "reason": "Invoice 7"})
    await boss.data("POST", f"/users/{account.id}/credits", {"channel": "sms", "amount": -20, "reason": "Refund"})
    own = await program(install, account)
    asked = {"channel": "sms", "amount": 1000, "note": "Invoice 17, paid by bank transfer", "proof": PROOF}
    request = await made(install, own, "/api/credits/requests", asked)
    colleague = await boss.colleague("support")
    operation = await boss.call("POST", f"/users/{account.id}/export")
    assert colleague.id is not None
    return Money(account.id, plan["id"], request["id"], colleague.id, operation.json()["data"]["id"])
