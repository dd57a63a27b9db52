"""Console output of ``xsender dev``."""

import sys
from pathlib import Path

_READY = """
xsender is ready at {url}   ({seconds:.1f} s)

  Panel          {url}/panel
  API            {url}/openapi.json
  Temporal UI    {temporal_ui}
  keys           {first_run}
  logs           {logs}
{setup}
Send a text message through the sandbox gateway:

  KEY=$({python} -c 'import json; print(json.load(open("{first_run}"))["user_key"])')
  curl {url}/api/sms/send -H "Api-key: $KEY" \\
    -H 'Content-Type: application/json' \\
    -d '{{"contact":[{{"number":"+12025550123","body":"Hello","gateway_identifier":"sandbox-sms"}}]}}'

Ctrl-C stops everything.
"""


def say(line: str) -> None:
    """One line of progress."""
    print(f"xsender: {line}", flush=True)


_SETUP = """
Open this once, within a day, to become the owner:

  {link}
"""


def show(url: str, setup: str | None, temporal_ui: str | None, folder: Path, seconds: float) -> None:
    """Print all addresses, once everything works. Keys are not printed, as output ends up in logs.

    ``setup``: where a browser creates the first owner, once; ``None``: there is one.
    """
    first_run = folder / "first-run.json"
    print(
        _READY.format(
            url=url,
            setup=_SETUP.format(link=setup) if setup else "",
            seconds=seconds,
            temporal_ui=temporal_ui,
            first_run=first_run,
            logs=folder / "logs",
            python=sys.executable,
        ),
        flush=True,
    )
