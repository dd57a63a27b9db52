"""Style sheets, scripts, fonts and icons: under names with their hash, so browsers keep them for ever.

The pieces in ``css/`` and ``js/`` are sent as one file each, in the order of their names.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
_COMPRESSED = {".css", ".js", ".svg"}
_SENT = ("vendor", "pictures")
_JOINED = {"panel.css": "css/*.css", "panel.js": "js/*.js"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    name: str
    """With its hash."""
    media_type: str
    plain: bytes
    compressed: bytes | None
    """By gzip; ``None``: it would not get smaller."""


@cache
def assets() -> dict[str, Asset]:
    """All of them, by the names under which they are sent."""
    files = {path.name: path.read_bytes() for folder in _SENT for path in sorted((FOLDER / folder).iterdir())}
    named = {_hashed(name, content): _asset(name, content) for name, content in files.items()}
    for joined, pieces in _JOINED.items():
        content = b"\n".join(path.read_bytes() for path in sorted(FOLDER.glob(pieces)))
        for asset_name, asset in list(named.items()):  # fonts that a style sheet names
            content = content.replace(b"{" + _bare(asset_name).encode() + b"}", asset.name.encode())
        named[_hashed(joined, content)] = _asset(joined, content)
    return named


@cache
def asset_name(name: str) -> str:
    """The name under which a file is sent.

    Raises:
        KeyError: there is no such file.
    """
    return {_bare(hashed): hashed for hashed in assets()}[name]


def _asset(name: str, content: bytes) -> Asset:
    suffix = Path(name).suffix
    compressed = gzip.compress(content, mtime=0) if suffix in _COMPRESSED else None
    return Asset(_hashed(name, content), _TYPES[suffix], content, compressed)


def _hashed(name: str, content: bytes) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"


def _bare(hashed: str) -> str:
    stem, suffix = Path(hashed).stem, Path(hashed).suffix
    return stem.rpartition("-")[0] + suffix
