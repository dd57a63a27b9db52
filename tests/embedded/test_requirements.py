"""The locked requirements: complete, hashed, and free of anything that names a place."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def name_of(requirement: str) -> str:
    matched = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert matched is not None
    return re.sub(r"[._-]+", "-", matched[0]).lower()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("production.txt", PROJECT["dependencies"]),
        ("dev.txt", [*PROJECT["dependencies"], *EXTRAS["embedded"], *EXTRAS["test"]]),
    ],
)
def test_the_lock_is_complete_and_hashed(file: str, wanted: list[str]) -> None:
    text = (ROOT / "requirements" / file).read_text()
    assert "://" not in text
    entries = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert {name_of(requirement) for requirement in [*wanted, "setuptools"]} <= set(entries)
