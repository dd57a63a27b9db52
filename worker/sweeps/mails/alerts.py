"""Periodic tasks of the leader that alert the operators of the install."""

from temporalio.client import Client

from domain.keyring import Keyring
from runtime.settings import Settings
from services.alerts.looking import look
from services.alerts.rules import Looked
from services.alerts.sending import AlertSender
from services.callbacks import wake
from store.pool import Pool
from worker.leader import PeriodicTask
from workflows.policy import CALLBACK_QUEUE

LOOK_EVERY = 60.0
SEND_EVERY = 10.0


def alert_tasks(pool: Pool, client: Client, settings: Settings, keyring: Keyring) -> list[PeriodicTask]:
    """Looking, and sending on each way: a chat that does not answer holds up no mail, and neither holds up a look."""
    on, sender = Looked(pool, settings), AlertSender(pool, settings, keyring)

    async def look_and_wake() -> None:
        await wake(client, CALLBACK_QUEUE, await look(on))

    return [
        PeriodicTask("look for alerts", LOOK_EVERY, look_and_wake),
        PeriodicTask("mail alerts", SEND_EVERY, sender.mail),
        PeriodicTask("post alerts to the chat", SEND_EVERY, sender.post),
    ]
