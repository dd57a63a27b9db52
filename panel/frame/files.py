"""Style sheets, scripts, fonts and icons."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel.rendering.assets import assets

_FOR_EVER = "public, max-age=31536000, immutable"


async def _file(request: Request) -> Response:
    asset = assets().get(request.path_params["name"])
    if asset is None:
        return Response("there is no such file", 404, media_type="text/plain")
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.plain, headers=headers, media_type=asset.media_type)


route = Route("/assets/{name}", _file)
