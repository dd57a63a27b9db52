"""Temporal keeps closed pages for as long as is needed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from embedded.engine import Engine
from runtime.retention import NEEDED, extend_retention, retention
from worker.namespace import warn_of_short_retention
from worker.periodic_tasks import IDEMPOTENCY_HOURS, RECEIPT_DAYS


def test_ended_pages_are_remembered_for_longer_than_keys_and_receipts_need():
    assert timedelta(hours=IDEMPOTENCY_HOURS) < NEEDED
    assert timedelta(days=RECEIPT_DAYS) < NEEDED


async def namespace(engine: Engine, kept: timedelta) -> Client:
    """A client of a new namespace that keeps ended workflows for so long."""
    client = await Client.connect(engine.temporal_address, namespace=f"n-{uuid4().hex}")
    request = RegisterNamespaceRequest(namespace=client.namespace)
    request.workflow_execution_retention_period.FromTimedelta(kept)
    await client.workflow_service.register_namespace(request)
    return client


async def test_an_embedded_install_remembers_for_long_enough(engine: Engine):
    client = await Client.connect(engine.temporal_address)
    assert await retention(client) == NEEDED
    with capture_logs() as logs:
        await warn_of_short_retention(client)
    assert logs == []


@pytest.mark.parametrize(("kept", "then"), [(timedelta(days=3), NEEDED), (timedelta(days=30), timedelta(days=30))])
async def test_a_retention_is_extended_and_never_shortened(engine: Engine, kept: timedelta, then: timedelta):
    client = await namespace(engine, kept)
    await extend_retention(client)
    assert await retention(client) == then


async def test_a_worker_warns_of_a_namespace_that_forgets_early(engine: Engine):
    client = await namespace(engine, timedelta(hours=72))
    with capture_logs() as logs:
        await warn_of_short_retention(client)
    (warning,) = logs
    assert (warning["retention_hours"], warning["needed_hours"]) == (72, 168)
    assert "too early" in warning["event"]


async def test_a_namespace_that_cannot_be_seen_is_no_reason_not_to_start(engine: Engine):
    client = await Client.connect(engine.temporal_address, namespace="missing", lazy=True)
    with capture_logs() as logs:
        await warn_of_short_retention(client)
    assert [entry["status"] for entry in logs] == ["NOT_FOUND"]
