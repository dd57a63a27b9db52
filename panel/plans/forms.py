"""A plan as a form has it, and as the API takes it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from panel.http.forms import Form
from panel.http.values import listed, number

CHANNELS = ("sms", "email", "whatsapp")
MOST_RATES = 100
"""Of a form. Plans with more rates keep them: they are changed by programs, or in the file of settings."""
_SPARE_RATES = 4


def body_of(form: Form) -> dict[str, Any]:
    """What was entered."""
    body: dict[str, Any] = {
        "name": form.text("name"),
        "price_cents": _cents(form.text("price")),
        "currency": form.text("currency").upper(),
        "period": form.text("period"),
        "own_gateways": form.flag("own_gateways"),
        "rate_class": form.text("rate_class"),
        "channels": {channel: _allowance(form, channel) for channel in CHANNELS},
        "gateways": form.many("gateways"),
        "allowed_countries": listed(form.text("allowed_countries")),
    }
    if form.flag("has_rates"):
        body["rates"] = [rate for row in range(rows_of(form)) if (rate := _rate(form, row)) is not None]
    return body


def values_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored, by the names of the form's fields."""
    values = {name: plan[name] for name in ("name", "currency", "period", "own_gateways", "rate_class")}
    values["price"] = f"{Decimal(plan['price_cents']) / 100:.2f}"
    values["allowed_countries"] = ", ".join(plan["allowed_countries"])
    for channel, allowance in plan["channels"].items():
        values |= {f"{channel}_{name}": value for name, value in allowance.items()}
    for row, rate in enumerate(plan["rates"][:MOST_RATES]):
        values |= {f"rate_{name}_{row}": value for name, value in rate.items()}
    return values | {"rate_rows": len(plan["rates"]) + _SPARE_RATES}


def rows_of(form: Form) -> int:
    """How many lines for rates there are."""
    rows = number(form.text("rate_rows"))
    return min(rows, MOST_RATES + _SPARE_RATES) if isinstance(rows, int) and rows > 0 else _SPARE_RATES


def _allowance(form: Form, channel: str) -> dict[str, Any]:
    names = ("daily_limit", "carry_over")
    limits = {name: number(form.text(f"{channel}_{name}")) for name in names}
    return {"credits": number(form.text(f"{channel}_credits")) or 0, **limits}


def _rate(form: Form, row: int) -> dict[str, Any] | None:
    price = number(form.text(f"rate_credits_{row}"))
    if price is None:
        return None
    optional = {name: form.text(f"rate_{name}_{row}") or None for name in ("prefix", "category")}
    return {"channel": form.text(f"rate_channel_{row}"), **optional, "credits": price}


def _cents(text: str) -> int | str:
    try:
        return int((Decimal(text.replace(",", ".") or "0") * 100).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError):
        return text
