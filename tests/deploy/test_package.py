"""What a wheel has in it besides modules: nothing of it is found outside of a checkout if it is not packed."""

from pathlib import Path

from setuptools import Distribution
from setuptools.config.pyprojecttoml import apply_configuration

from panel.help.library import documents

ROOT = Path(__file__).parents[2]
PACKED = (
    "api/reference/viewer/*",
    "api/**/*.json",
    "panel/assets/**/*.*",
    "panel/templates/**/*.html",
    "store/**/*.sql",
)


def test_templates_assets_and_the_documentation_are_packed(monkeypatch):
    monkeypatch.chdir(ROOT)
    distribution = apply_configuration(Distribution(), ROOT / "pyproject.toml")
    distribution.include_package_data = False  # to look for what version control has writes files
    command = distribution.get_command_obj("build_py")
    command.ensure_finalized()
    packed = {Path(folder, name).as_posix() for _, folder, _, names in command.data_files for name in names}
    inside = {Path(folder) / name for _, folder, _, names in command.data_files for name in names}
    assert packed
    wanted = [f"panel/help/pages/{name}.md" for name in (*documents(), "README")]
    for pattern in PACKED:
        wanted += [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)]
    assert set(wanted) - packed == set()
    assert not [path for path in inside if "decisions" in path.parts]


def test_the_image_is_built_from_all_packages():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages | {"docs", "requirements", "pyproject.toml", "README.md"} <= sent
