"""The bare API: FastAPI and one statement, the least that reading a message costs over HTTP. Prints its port."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import orjson
import uvicorn
from fastapi import FastAPI, Response
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from runtime.settings import Settings, load_settings


def create_app(settings: Settings) -> FastAPI:
    """One route: ``GET /UID`` answers the message's row."""
    pool = AsyncConnectionPool(
        settings.database_url,
        min_size=2,
        max_size=settings.database_pool_size,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
            "options": "-c plan_cache_mode=force_generic_plan",  # as the product: planning costs more than reading
        },
        open=False,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/{uid}")
    async def read(uid: UUID) -> Response:
        async with pool.connection() as conn:
            row = await (await conn.execute("select * from messages where uid = %s", (uid,))).fetchone()
        return Response(orjson.dumps(row), media_type="application/json")

    return app


def _main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        create_app(load_settings()), loop="uvloop", http="httptools", access_log=False, log_config=None
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    _main()
