"""A place-holder for a secret that stays as it is stored."""

from typing import Final, final


@final
class Kept:
    """Stands where a secret would."""

    def __repr__(self) -> str:
        return "KEPT"


KEPT: Final = Kept()
