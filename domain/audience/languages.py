"""Languages of texts, and which one a recipient gets."""

import re
from collections.abc import Collection

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")


def normalise_language(text: str) -> str | None:
    """``pt_BR`` as ``pt-br``; ``None``: it is no language by BCP 47, or one of the rare forms."""
    language = text.strip().replace("_", "-").lower()
    return language if _LANGUAGE.fullmatch(language) else None


def choose_language(wanted: str | None, known: Collection[str], default: str) -> str:
    """The wanted language, else the same without its region, else the default."""
    language = normalise_language(wanted) if wanted else None
    while language:
        if language in known:
            return language
        language = language.rpartition("-")[0]
    return default
