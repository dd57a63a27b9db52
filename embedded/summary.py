"""What ``xsender dev`` says on the console."""

import json
from pathlib import Path

_READY = """
xsender is ready at {url}   ({seconds:.1f} s)

  API            {url}/openapi.json
  Temporal UI    {temporal_ui}
  keys           {first_run}
  logs           {logs}

Send a text message through the sandbox gateway:

  curl {url}/api/sms/send -H 'Api-key: {user_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"contact":[{{"number":"+12025550123","body":"Hello","gateway_identifier":"sandbox-sms"}}]}}'

Ctrl-C stops everything.
"""


def say(line: str) -> None:
    """One line of progress."""
    print(f"xsender: {line}", flush=True)


def show(url: str, temporal_ui: str | None, folder: Path, seconds: float) -> None:
    """Where everything is, once all of it works."""
    first_run = folder / "first-run.json"
    print(
        _READY.format(
            url=url,
            seconds=seconds,
            temporal_ui=temporal_ui,
            first_run=first_run,
            logs=folder / "logs",
            user_key=json.loads(first_run.read_text())["user_key"],
        ),
        flush=True,
    )
