"""The application: routers, errors, and what a process opens for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import health, send, status, waiting
from api.admin import codec, sandbox
from api.errors import install_error_handlers
from api.openapi import install_openapi
from api.state import State
from domain.gcra import RATE_CLASSES, RequestLimiter
from runtime.settings import Settings
from runtime.temporal import connect
from store.pool import open_pool

DESCRIPTION = "Send email, SMS and WhatsApp through your own gateways; every accepted message has one outcome."


def create_app(settings: Settings) -> FastAPI:
    """The API of an install. Starting it needs neither the database nor Temporal to be up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = await open_pool(settings.database_url, settings.database_pool_size, "xsender-api")
        limiters = {name: RequestLimiter(*rate) for name, rate in RATE_CLASSES.items() if rate}
        app.state.xsender = State(settings, pool, await connect(settings, lazy=True), limiters)
        yield
        await pool.close()

    app = FastAPI(title="xsender", version="0.1.0", description=DESCRIPTION, lifespan=lifespan)
    install_error_handlers(app)
    install_openapi(app)
    for router in (send.router, status.router, waiting.router, sandbox.router, codec.router, health.router):
        app.include_router(router)
    return app
