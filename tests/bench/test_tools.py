"""What the measurements stand on: the sink, load at fixed times, the sampler's areas."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bench import sampler, sink
from bench.load import run_at


@asynccontextmanager
async def running_sink():
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.sink", stdout=asyncio.subprocess.PIPE)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{int(await process.stdout.readline())}") as http:
            yield http
    finally:
        process.terminate()
        await process.wait()


async def test_the_sink_answers_notes_arrivals_and_hangs_where_asked():
    async with running_sink() as http:
        for path in ("/", f"/{sink.TIMED}", f"/{sink.TIMED}"):
            async with http.post(path, data=b"{}") as answer:
                assert (await answer.json())["status"] == "queued"
        async with http.get(f"/{sink.ARRIVALS}") as answer:
            first, second = json.loads(await answer.read())
        assert first <= second
        with pytest.raises(TimeoutError):
            await http.post(f"/{sink.HANG}", data=b"{}", timeout=aiohttp.ClientTimeout(total=0.2))


async def test_load_at_fixed_times_does_not_wait_for_what_is_slow():
    begun: list[int] = []
    all_begun = asyncio.Event()

    async def work(number: int) -> None:
        begun.append(number)
        if len(begun) == 3:
            all_begun.set()
        await all_begun.wait()

    await asyncio.wait_for(run_at(work, [0.0, 0.0, 0.01]), 5)
    assert begun == [0, 1, 2]


async def test_load_at_fixed_times_ends_with_its_event():
    until, begun = asyncio.Event(), []

    async def work(number: int) -> None:
        begun.append(number)
        until.set()

    await asyncio.wait_for(run_at(work, [0.0, 0.05], until), 5)
    assert begun == [0]


@pytest.mark.parametrize(
    ("path", "area"),
    [
        (sampler.__file__.replace("bench/sampler.py", "gateways/generic.py"), "HTTP exchange with the gateway"),
        (sampler.__file__.replace("bench/sampler.py", "gateways/config/template.py"), "templates"),
        (sampler.__file__.replace("bench/sampler.py", "store/messages/pages.py"), "SQL"),
        ("/venv/site-packages/psycopg/cursor.py", "SQL"),
        ("/venv/site-packages/temporalio/worker/_workflow.py", "Temporal SDK"),
        ("/usr/lib/python3.11/asyncio/tasks.py", None),
    ],
)
def test_a_source_file_belongs_to_an_area(path: str, area: str | None):
    assert sampler.area_of(path) == area
