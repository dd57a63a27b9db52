"""Unpack what ``deploy/`` is checked with: Helm, and the schemas of Kubernetes and of Compose files.

Their wheels hold far more: a library of 85 MB three times, and 17,000 schemas. ``make setup`` calls it.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
KUBERNETES = ("1.30.0", "1.37.0")
"""The oldest version that the chart is for, and the newest one when it was written."""

_SCHEMA = "kubernetes_validate/kubernetes-json-schema/v{}-local-strict/_definitions.json"


def _wanted(name: str) -> str | None:
    """Where a file of the wheels goes; ``None``: nowhere."""
    if name == "check_jsonschema/builtin_schemas/vendor/compose-spec.json":
        return "compose-spec.json"
    for version in KUBERNETES:
        if name == _SCHEMA.format(version):
            return f"kubernetes-{version}.json"
    if name.startswith("helm_python/") and not name.endswith((".so.0.2.2", ".so.0")):
        return name
    return None


def main(folder: Path) -> None:
    """Fetch the wheels of the requirements and unpack them into a new ``folder``."""
    with tempfile.TemporaryDirectory() as name:
        fetched, unpacked = Path(name, "wheels"), Path(name, "unpacked")
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
        pip += ["--only-binary", ":all:", "--require-hashes", "-r", str(REQUIREMENTS), "-d", str(fetched)]
        subprocess.run(pip, check=True)
        for wheel in fetched.glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                for one in files.namelist():
                    if (path := _wanted(one)) is not None:
                        target = unpacked / path
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(files.read(one))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(unpacked, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
