"""Cron expressions are checked when a definition is saved, not when a schedule fails to start."""

import pytest

from domain.automations.cron import cron_fault
from tests.domain.automations.flows import faults, flow, wait


@pytest.mark.parametrize(
    "text", ["0 9 * * *", "*/5 0-23/2 1,15 jan-mar mon-fri", "59 23 31 12 7", "0 9 * * MON", "0,30 9 1-7 * sun"]
)
def test_five_fields_are_read(text):
    assert cron_fault(text) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        *(("60 9 * * *", "'60' is no minute"), ("0 24 * * *", "'24' is no hour"), ("0 9 0 * *", "'0' is no day of")),
        *(("0 9 * 13 *", "'13' is no month"), ("0 9 * * 8", "'8' is no weekday"), ("0 9 * * fri-mon", "'fri-mon'")),
        *(
            ("5-1 9 * * *", "'5-1'"),
            ("*/0 9 * * *", "'*/0'"),
            ("0 9 * mon *", "'mon' is no month"),
            ("0, 9 * * *", "''"),
        ),
        *(
            ("jan 9 * * *", "'jan' is no minute"),
            ("0, 9 * * *", "''"),
            ("0 9 * *", "five fields"),
            ("@daily", "five fields"),
        ),
        *(("0 9 * * ٣", "'٣'"), ("1-2-3 9 * * *", "'1-2-3'")),
    ],
)
def test_what_is_none_is_refused_with_its_part(text, part):
    assert part in (cron_fault(text) or "")


def test_the_fault_has_its_place():
    trigger = {"kind": "schedule", "cron": "0 25 * * *", "audience": {"tag": "vip"}}
    assert faults(flow(wait("a"), trigger=trigger)) == [("/trigger/cron", "cron")]
