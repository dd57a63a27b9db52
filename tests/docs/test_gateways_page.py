"""The documentation cannot fall behind the code."""

from pathlib import Path

import pytest

from gateways.registry import GATEWAY_TYPES
from gateways.template import FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "gateways.md").read_text()


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_every_field_of_every_gateway_type_is_documented(name):
    assert f"## `{name}`" in PAGE
    section = PAGE.split(f"## `{name}`")[1].split("\n## ")[0]
    shared = PAGE.split("## Every type")[1].split("\n## ")[0]
    missing = [field for field in GATEWAY_TYPES[name].config.model_fields if f"`{field}`" not in section + shared]
    assert not missing


@pytest.mark.parametrize("field", FIELDS)
def test_every_placeholder_is_documented(field):
    assert f"`{{{{ {field} }}}}`" in PAGE
