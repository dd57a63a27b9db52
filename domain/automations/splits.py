"""Which arm of a split a contact takes: by chance, and always the same one.

The arm follows from a hash, never from a random number of the run: repeating a run, another version, and a report
all come to the same arm, as long as the salt and the weights stay. Weights that change move as few contacts as
the order of the arms allows.
"""

import hashlib
from collections.abc import Sequence

from domain.automations.definition.steps import Split


def share(salt: str, who: str) -> float:
    """A number from 0 to below 1 that belongs to ``who``; with another salt it is another one."""
    digest = hashlib.sha256(f"{len(salt)}:{salt}{who}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def choose(weights: Sequence[int], salt: str, who: str) -> int:
    """The index of the arm; an arm of weight 0 is never taken. One weight is more than 0."""
    point = share(salt, who) * sum(weights)
    for index, weight in enumerate(weights):
        if point < weight:
            return index
        point -= weight
    return max(index for index, weight in enumerate(weights) if weight)  # the sum of rounded numbers


def arm_of(step: Split, flow_key: str, contact: str, run: str) -> str:
    """The key of the arm that a run takes. ``contact``, ``run``: their ids."""
    salt = step.salt if step.salt is not None else f"{flow_key}/{step.id}"
    return f"arms/{choose([arm.weight for arm in step.arms], salt, contact if step.by == 'contact' else run)}"
