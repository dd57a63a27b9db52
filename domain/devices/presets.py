"""Caps of SIMs by what kind of contract they have: carriers block SIMs that send more than people do.

No carrier publishes these figures. They are below those at which owners of such phones report that SIMs were blocked.
"""

from collections.abc import Mapping
from typing import Any

from domain.devices.sims import CAPS, Sim

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "consumer": {
        "per_minute": 5,
        "per_hour": 60,
        "per_day": 200,
        "unique_per_month": 99,
        "gap_min": 8.0,
        "gap_max": 20.0,
    },
    "business": {
        "per_minute": 10,
        "per_hour": 200,
        "per_day": 1000,
        "unique_per_month": 2000,
        "gap_min": 4.0,
        "gap_max": 10.0,
    },
    "m2m": {
        "per_minute": 20,
        "per_hour": 600,
        "per_day": 5000,
        "unique_per_month": None,
        "gap_min": 2.0,
        "gap_max": 5.0,
    },
}
"""Of a person, whose "unlimited" has a small print; of a company's contract; one that is sold for machines."""


def preset_of(sim: Sim) -> str | None:
    """The preset whose caps a SIM has, of the one that was chosen; ``None``: its caps were changed since."""
    if sim.preset is None or any(getattr(sim, name) != PRESETS[sim.preset][name] for name in CAPS):
        return None
    return sim.preset
