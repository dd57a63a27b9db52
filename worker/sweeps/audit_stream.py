"""Posting new events of the audit log to the callback endpoints that listen to them."""

from temporalio.client import Client

from services.callbacks import wake
from store.access import audit_stream
from store.pool import Pool
from workflows.policy import CALLBACK_QUEUE


async def stream_audit(pool: Pool, client: Client) -> None:
    """Queue all new events, and wake their endpoints."""
    count = audit_stream.AT_A_TIME
    while count == audit_stream.AT_A_TIME:
        count, endpoints = await audit_stream.queue_new(pool)
        await wake(client, CALLBACK_QUEUE, endpoints)
