"""The published JSON Schema of definitions (2020-12), made from the shapes that also read them.

What no schema can state is checked beyond it; its codes are ``BEYOND``.
"""

from typing import Any

from domain.automations.definition.limits import SCHEMA
from domain.automations.shapes.flow import FLOW
from domain.automations.shapes.notes import Defs

BEYOND = frozenset(
    {
        *("flow_json", "flow_size", "flow_steps", "step_depth", "step_repeated", "step_unreachable"),
        *("step_unknown", "step_not_before", "step_kind", "split_weights", "window_order", "one_day", "retry_twice"),
        *("content", "lane", "arm_steps", "invalid_template", "markup_size", "starts_itself"),
        *("characters", "json_number", "json_depth", "time_zone", "cron", "condition_size"),
    }
)


def flow_schema() -> dict[str, Any]:
    """The schema, a new object."""
    defs: Defs = {}
    shape = FLOW.schema(defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://xsender.invalid/schemas/flow-1.json",
        "title": f"{SCHEMA}: an automation",
        **shape,
        "$defs": defs,
    }
