"""What is read of Temporal's payloads: what this install sealed, and nothing else."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError
from temporalio.worker import Worker

from domain.keyring import Keyring, KeyringError
from runtime.codec import ENCODING, UnsealedPayloadError, data_converter
from runtime.settings import Settings
from tests.stack import Stack

KEYS = Keyring.generate()
NOTE = "ACTIVITY_ID_NOT_STARTED"
REFERENCE = {"encoding": b"json/external-storage-reference", "__temporal_external_storage_reference": b"true"}


def plain(value: object) -> Payload:
    return DataConverter.default.payload_converter.to_payloads([value])[0]


def sealing() -> DataConverter:
    return data_converter(KEYS, encrypt=True)


@pytest.mark.parametrize("value", [None, "text", b"bytes", {"a": [1, None]}, ""])
async def test_everything_is_sealed_and_opens_again(value):
    (payload,) = await sealing().encode([value])
    assert payload.metadata["encoding"] == ENCODING
    assert await sealing().decode([payload]) == [value]


@pytest.mark.parametrize(
    "payload",
    [
        plain("text"),
        plain(NOTE),
        plain(None),
        plain(b"bytes"),
        Payload(),
        Payload(metadata={"encoding": b"binary/xsender-refused"}, data=b"KeyringError"),
        Payload(metadata=REFERENCE, data=b"{}"),
        Payload(metadata={"encoding": b"json/external-storage-reference"}, data=b"{}"),
    ],
    ids=str,
)
async def test_what_has_no_seal_is_refused_for_good(payload):
    with pytest.raises(UnsealedPayloadError) as refused:
        await sealing().decode([payload], [str])
    assert refused.value.non_retryable


@workflow.defn(sandboxed=False)
class CancelsWhatNobodyHas:
    """Cancels an activity that no worker has begun: Temporal's server answers that by itself."""

    @workflow.run
    async def run(self) -> str:
        activity = workflow.start_activity(
            "nobodys",
            task_queue="nobodys",
            start_to_close_timeout=timedelta(minutes=1),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        await workflow.sleep(0.1)
        activity.cancel()
        try:
            await activity
        except ActivityError as error:
            return type(error.cause).__name__
        return "done"


async def test_an_activity_is_cancelled_before_a_worker_has_it(stack: Stack):
    queue = uuid4().hex
    async with Worker(stack.temporal, task_queue=queue, workflows=[CancelsWhatNobodyHas]):
        handle = await stack.temporal.start_workflow(CancelsWhatNobodyHas.run, id=queue, task_queue=queue)
        assert await asyncio.wait_for(handle.result(), 15) == "CancelledError"


async def test_what_temporals_server_notes_of_such_an_activity_is_read_where_no_type_is_expected():
    assert await sealing().decode([plain(NOTE)]) == [NOTE]


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02k1" + b"x" * 40, b"\x01\x02k9" + b"x" * 40])
async def test_what_does_not_open_is_refused_until_its_key_is_there(data):
    with pytest.raises(KeyringError):
        await sealing().decode([Payload(metadata={"encoding": ENCODING}, data=data)])


async def test_what_another_ring_sealed_does_not_open():
    payloads = await data_converter(Keyring.generate(), encrypt=True).encode(["text"])
    with pytest.raises(KeyringError):
        await sealing().decode(payloads)


async def test_one_refused_payload_leaves_its_neighbours_readable():
    """The SDK decodes all payloads of a workflow task together: a codec that raises would fail them all."""
    codec = sealing().payload_codec
    assert codec is not None
    (sealed,) = await sealing().encode(["text"])
    read, refused = await codec.decode([sealed, plain("other")])
    assert read == plain("text")
    assert refused.metadata["encoding"] == b"binary/xsender-refused"


@pytest.mark.parametrize(("until", "is_read"), [(60, True), (-1, False)])
async def test_what_has_no_seal_is_read_until_the_time_that_the_settings_state(until, is_read):
    converter = data_converter(KEYS, True, time.time() + until)
    if is_read:
        assert await converter.decode([plain("text")], [str]) == ["text"]
    else:
        with pytest.raises(UnsealedPayloadError):
            await converter.decode([plain("text")], [str])


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("", None),
        ("2027-02-01", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-02-01T10:00:00+02:00", datetime(2027, 2, 1, 8, tzinfo=UTC)),
    ],
)
def test_that_time_is_a_day_or_an_instant(monkeypatch, text, until):
    monkeypatch.setenv("XSENDER_ACCEPT_UNSEALED_UNTIL", text)
    assert Settings(keys=SecretStr(KEYS)).accept_unsealed_until == until
