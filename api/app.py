"""The application: routers, error handlers, and the resources of a process."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from api.admin.install.looks import Looks
from api.admin.messages.revealing import Reveals
from api.automations.hooks.checks import HookChecks
from api.callbacks.posted import posted
from api.devices.waiting.hub import WaitingDevices
from api.http.auth import KeyLookup, SessionLookup
from api.http.bodies.body_memory import BodyMemory
from api.http.error_handlers import install_error_handlers
from api.http.state import STOPPING, AppState
from api.http.temporal_link import open_link
from api.leads.doors.checks import SourceChecks
from api.limits.admission import AdmissionLimit
from api.limits.offload import Offload
from api.limits.shared_checks import SharedChecks
from api.links.misses import Misses
from api.messages.lookup import OwnMessages
from api.reference import page as reference
from api.reference.openapi import DocumentedApp, operation_id
from api.requests.log import RequestLog
from api.resources.access import AccessTable
from api.routers import ROUTERS, all_routes
from api.sending.group_commit import GroupCommit
from api.sending.large_bodies import Bodies
from api.sending.starts import Starts
from api.webhooks.memory import WebhookMemory
from api.webhooks.receivers import WebhookReceivers
from api.webhooks.shared_starts import SharedStarts
from domain.keyring import CREDENTIALS, Keyring
from domain.mail.links import LinkSigner
from gateways.base import GatewayConnections
from gateways.net.names import Names
from runtime.settings import Settings
from services.access.forgotten import Forgotten
from services.access.hashing import Hashing
from services.access.oidc import OidcLogIn
from services.accounts.rates import PlanPrices
from services.audience.templates.named import NamedTemplates
from services.automations.flows import Flows
from services.automations.simulating.simulating import Simulations
from services.automations.starting import Starter
from services.leads.providers import Providers
from services.leads.starting import LeadStarter
from services.settings.current import CurrentSettings
from store.gateways.sandbox_inbox import SandboxInbox
from store.gateways.webhook_signatures import Signatures
from store.pool import open_pool
from store.read_pool import open_read_pool

DESCRIPTION = "Send email, SMS and WhatsApp through your own gateways; every accepted message has one outcome."


def create_app(settings: Settings) -> FastAPI:
    """The API of an install. Starting it needs neither the database nor Temporal to be up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Callable[[], None]]]:
        pool = await open_pool(
            settings.database_url, settings.database_pool_size, "xsender-api", settings.database_direct_url
        )
        reading = await open_read_pool(
            pool, settings.database_read_url, settings.database_pool_size, "xsender-api-lists"
        )
        offload = Offload()
        hashing = Hashing()
        names = Names()
        outside = GatewayConnections.open(SandboxInbox(pool), Signatures(pool))
        async with open_link(settings) as link:
            admission = AdmissionLimit()
            starts = Starts(link, admission)
            group_commit = GroupCommit(starts, pool, admission)
            receipts = SharedStarts(link)
            request_log = RequestLog(pool)
            keys = settings.keys.get_secret_value()
            keyring = Keyring.parse(keys, CREDENTIALS)
            hook_checks = HookChecks(pool, keyring)
            source_checks = SourceChecks(pool, keyring)
            lead_starter = LeadStarter(pool)
            forgotten = Forgotten(pool, keyring, settings.for_install, names)
            starter = Starter(pool)
            waiting_devices = WaitingDevices(pool, settings.database_session_url)
            parts = (
                KeyLookup(pool),
                SessionLookup(pool),
                hashing,
                forgotten,
                OidcLogIn(pool, keyring, outside),
                CurrentSettings(pool, settings.for_install),
                PlanPrices(pool),
                NamedTemplates(pool),
                Flows(),
                starter,
                Simulations(pool, settings.for_install),
                Providers(pool, keyring, outside, settings.for_install),
                OwnMessages(pool),
                starts,
                group_commit,
                offload,
                Bodies(),
                BodyMemory(),
                LinkSigner(keys),
                Misses(),
                Reveals(),
                WebhookReceivers(pool, outside, keys),
                WebhookMemory(),
                hook_checks,
                source_checks,
                lead_starter,
                receipts,
                waiting_devices,
                SharedChecks(),
                Looks(pool, settings, link),
                names,
                reference.Reference(app),
                access,
                request_log,
            )
            app.state.xsender = AppState(settings, pool, reading, link, {type(part): part for part in parts})
            app.state.when_stopping.append(waiting_devices.stop)
            yield {STOPPING: partial(_stop, app)}
            await waiting_devices.aclose()
            await receipts.aclose()
            await group_commit.aclose()
            await starts.aclose()
            await request_log.aclose()
            await forgotten.aclose()
            await hook_checks.aclose()
            await source_checks.aclose()
            await lead_starter.aclose()
            await starter.aclose()
        await outside.aclose()
        await offload.aclose()
        hashing.close()
        await reading.aclose()
        await pool.close()

    app = DocumentedApp(
        title="xsender",
        version=version("xsender"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # ours is at the same address (api/reference/page.py)
        redoc_url=None,
        openapi_url=None,  # ours is at the usual address (api/reference/openapi.py)
        redirect_slashes=False,
        # Ours are in api/requests/traced.py: those of the framework have the query, with numbers and texts.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        generate_unique_id_function=operation_id,
    )
    app.state.when_stopping = []
    install_error_handlers(app)
    app.webhooks.include_router(posted)
    app.router.routes += all_routes()
    access = AccessTable(ROUTERS)
    return app


def _stop(app: FastAPI) -> None:
    """The process begins to end: what waits, or streams, is not waited for."""
    for stop in app.state.when_stopping:
        stop()
