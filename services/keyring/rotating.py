"""The key ring in use: what is sealed with each of its keys, and sealing all secrets with the first one."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.keyring import Keyring
from runtime.codec import ENCODING
from services.sending.page_runs import RPC_TIMEOUT
from store.access import oidc, second_factors
from store.accounts import sender_domains
from store.automations import secrets
from store.automations.hooks import sealing as hooks
from store.callbacks import callback_endpoints
from store.devices import sealing as devices
from store.doctor import server
from store.gateways import gateways
from store.leads import resealing as leads
from store.pool import Pool
from store.settings import applied_objects, install_settings

SEALED_PLACES: Mapping[str, ModuleType] = {
    "callback endpoints": callback_endpoints,
    "settings of the install": install_settings,
    "settings file": applied_objects,
    "second factors": second_factors,
    "log-in by OIDC": oidc,
    "sender domains": sender_domains,
    "gateways": gateways,
    "secrets of automations": secrets,
    "hooks": hooks,
    "leads": leads,
    "devices": devices,
}
"""What has secrets of the key ring, and its modules of the store."""

MOST_WORKFLOWS = 5_000
"""Running workflows whose keys are looked up."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, and what is sealed with it."""

    key: str
    is_current: bool
    in_ring: bool
    secrets: Mapping[str, int]
    """How many, by table."""
    workflows: int
    """Running ones that were started with it, of the first ``MOST_WORKFLOWS``."""

    @property
    def may_go(self) -> bool:
        """Whether only ended workflows may need it, for as long as Temporal keeps them."""
        return self.in_ring and not (self.is_current or self.secrets or self.workflows)


async def key_uses(pool: Pool, client: Client, keyring: Keyring) -> list[KeyUse]:
    """Of each key of the ring, the first one first, then of keys that it lacks.

    Raises:
        RPCError: Temporal does not answer.
    """
    by_key: dict[str, dict[str, int]] = {}
    for table, counts in (await server.key_ids(pool)).items():
        for key_id, count in counts.items():
            by_key.setdefault(key_id, {})[table] = count
    running = await _of_running_workflows(client)
    lacking = sorted({*by_key, *running} - keyring.ciphers.keys())
    return [
        KeyUse(key, key == keyring.current, key in keyring.ciphers, by_key.get(key, {}), running[key])
        for key in (*keyring.ciphers, *lacking)
    ]


async def reseal_all(pool: Pool, keyring: Keyring, tell: Callable[[str, int], None]) -> int:
    """Seal all secrets with the first key of the ring. Each place is a transaction, or several: interrupted, it is
    repeated. ``tell`` hears of each place, with how many. Returns how many.

    Raises:
        KeyringError: one does not open; what was told of is sealed.
    """
    total = 0
    for name, place in SEALED_PLACES.items():
        count: int = await place.reseal_all(pool, keyring)
        tell(name, count)
        total += count
    return total


async def _of_running_workflows(client: Client) -> Counter[str]:
    found: Counter[str] = Counter()
    async for one in client.list_workflows("ExecutionStatus = 'Running'", limit=MOST_WORKFLOWS):
        request = GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=one.id, run_id=one.run_id),
            maximum_page_size=1,
        )
        try:
            answer = await client.workflow_service.get_workflow_execution_history(request, timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # it has ended, and is forgotten
                raise
            continue
        payloads = answer.history.events[0].workflow_execution_started_event_attributes.input.payloads
        sealed = [payload.data for payload in payloads if payload.metadata.get("encoding") == ENCODING]
        found.update({data[2 : 2 + data[1]].decode() for data in sealed})
    return found
