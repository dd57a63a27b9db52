"""Tasks that run until they are cancelled end, even one that a cancellation passed by."""

import asyncio

import pytest

from runtime import tasks
from runtime.tasks import cancel_and_wait


async def _loop(started: asyncio.Event, ignored: int) -> None:
    """Goes on after so many cancellations, as with a lost one."""
    while True:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not ignored:
                raise
            ignored -= 1


async def test_a_task_that_a_cancellation_passed_by_is_cancelled_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "_AGAIN", 0.01)
    begun = [asyncio.Event() for _ in range(3)]
    loops = [asyncio.create_task(_loop(started, number)) for number, started in enumerate(begun)]
    await asyncio.gather(*(started.wait() for started in begun))
    await cancel_and_wait(*loops)
    assert all(loop.cancelled() for loop in loops)


async def test_a_cancellation_in_the_moment_of_an_answer_is_lost_in_this_python():
    """Why it is done. Once this fails, cancelling once is enough."""
    answer = asyncio.get_running_loop().create_future()
    waits = asyncio.create_task(asyncio.wait_for(answer, 10))
    await asyncio.sleep(0)
    answer.set_result("answer")
    waits.cancel()
    assert await waits == "answer"


async def test_tasks_that_have_ended_are_left_alone():
    ended = asyncio.create_task(asyncio.sleep(0, "done"))
    await ended
    await cancel_and_wait(ended)
    assert ended.result() == "done"


async def test_a_task_that_fails_at_its_end_holds_up_nobody():
    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("at its end")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert isinstance(task.exception(), RuntimeError)
