"""The page about what is kept says what the code does."""

from pathlib import Path

from runtime.retention import NEEDED
from services.settings.models import Retention
from store.messages import attachments
from store.schema import partitions
from store.schema.partitions import FEW
from worker import periodic_tasks

PAGE = " ".join((Path(__file__).parents[2] / "docs/retention.md").read_text().split())


def test_the_page_has_the_ages_of_the_code():
    assert f"answers to an `Idempotency-Key` | {periodic_tasks.IDEMPOTENCY_HOURS} hours" in PAGE
    assert f"for receipts without ours | {periodic_tasks.RECEIPT_DAYS:g} days" in PAGE
    assert f"to send again | {Retention().callback_days} days" in PAGE
    assert f"by the minute | {periodic_tasks.HEALTH_DAYS} days" in PAGE
    assert f"attachments | {attachments.KEPT.days} days after" in PAGE
    assert f"(in Temporal) | {NEEDED.days} days" in PAGE
    assert f"makes them {partitions.AHEAD} months ahead" in PAGE
    assert f"fewer than {FEW} months, or {partitions.FEW_DAYS} days" in PAGE
    assert f"made {partitions.DAYS_AHEAD} days ahead" in PAGE


def test_the_page_names_every_partitioned_table():
    assert [table for table in partitions.PARTITIONED if f"`{table}`" not in PAGE] == []
