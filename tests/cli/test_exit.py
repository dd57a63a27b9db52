"""How the process of a command ends."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

ANSWERS_AT_THE_END = """
import asyncio
from temporalio.client import Client
from runtime.exit import run_and_exit

async def main():
    calls = [asyncio.create_task(Client.connect("127.0.0.1:9")) for _ in range(300)]  # nobody listens there
    await asyncio.sleep(0.005)
    print(len(calls))

run_and_exit(lambda: asyncio.run(main()))
"""


def ended(work: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run a process that does ``work`` and leaves."""
    code = f"import sys\nfrom runtime.exit import run_and_exit\ndef work():\n    {work}\nrun_and_exit(work)"
    return subprocess.run([sys.executable, "-c", code], text=True, timeout=60, **{"capture_output": True} | options)


async def test_temporals_answers_while_a_process_ends_do_not_bring_it_down() -> None:
    """With an ordinary end, one in ten of these was aborted and one in ten never ended."""
    for _ in range(10):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ANSWERS_AT_THE_END, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), 30)
        except TimeoutError:
            process.kill()
            raise
        assert (process.returncode, out) == (0, b"300\n"), err.decode()


@pytest.mark.parametrize(
    ("work", "code", "err"),
    [
        ("print('done')", 0, ""),
        ("print('done'); sys.exit(3)", 3, ""),
        ("print('done'); sys.exit()", 0, ""),
        ("print('done'); sys.exit('no such queue')", 1, "no such queue\n"),
    ],
)
def test_the_code_and_the_output_are_those_of_an_ordinary_end(work: str, code: int, err: str) -> None:
    process = ended(work)
    assert (process.returncode, process.stdout, process.stderr) == (code, "done\n", err)


def test_a_defect_is_shown_with_its_traceback() -> None:
    process = ended("print('done'); 1 / 0")
    assert (process.returncode, process.stdout) == (1, "done\n")
    assert "ZeroDivisionError" in process.stderr
    assert "Traceback" in process.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_nothing_is_said_of_a_reader_that_has_gone(unbuffered: str) -> None:
    code = "import sys\nfrom runtime.exit import run_and_exit\nrun_and_exit(lambda: print(sys.stdin.read()))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate("text\n", timeout=60)
    assert (process.returncode, err) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_a_failure() -> None:
    with open("/dev/full", "w") as full:
        process = ended("print('done')", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert process.returncode == 1
    assert "No space left" in process.stderr
