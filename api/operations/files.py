"""The files that an operation has made, as one ZIP file that is put together while it is sent."""

import zipfile
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse

from domain.errors import NotFoundError
from store.operations import exports
from store.operations.operations import Operation
from store.pool import Pool


async def download(pool: Pool, operation: Operation) -> StreamingResponse:
    """The ZIP file.

    Raises:
        NotFoundError: the operation has made none yet, or they are deleted.
    """
    if operation.state != "done" or not await exports.has_files(pool, operation.id):
        raise NotFoundError(
            "files_not_found", "there are no files: the operation makes none, or not yet, or not any more"
        )
    headers = {"Content-Disposition": f'attachment; filename="export-{operation.id}.zip"'}
    return StreamingResponse(_zipped(pool, operation.id), media_type="application/zip", headers=headers)


ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP file.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""``responses`` of a download."""


class _Sink:
    """What a ZIP file is written into: it cannot go back, so what was written can be sent."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


async def _zipped(pool: Pool, operation_id: UUID) -> AsyncIterator[bytes]:
    sink = _Sink()
    entry, of_file = None, ""
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it need not seek
        async for name, content in exports.parts(pool, operation_id):
            if entry is None or name != of_file:
                if entry is not None:
                    entry.close()
                entry, of_file = archive.open(name if "." in name else f"{name}.ndjson", "w", force_zip64=True), name
            entry.write(content)
            yield sink.take()
        if entry is not None:
            entry.close()
    yield sink.take()
