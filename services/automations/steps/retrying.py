"""Steps that failed, and are taken again: when, and how often."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Call, Retry, Step
from services.automations.calls.answers import with_answer
from services.automations.outcomes import StepFailed
from services.automations.steps.turn import Turn
from store.automations.runs import Run


def retry_of(step: Step, flow: Flow, failure: StepFailed) -> Retry | None:
    """How a step that failed is tried again; ``None``: it is not.

    ``on_error`` of the step, or of the settings if it has none, is about each failure. What a call does by itself is
    about those that another try may mend.
    """
    rule = step.on_error or flow.settings.on_error
    if step.on_error is not None and rule.retry is not None:
        return rule.retry
    if isinstance(step, Call) and (step.retry is not None or rule.retry is None):
        return (step.retry or Retry()) if failure.may_change else None
    return rule.retry


def next_try(retry: Retry, tries: int, after: float | None, now: datetime) -> datetime | None:
    """When the next try is due after so many; ``None``: that was the last one. ``after``: seconds to wait at least."""
    if tries > retry.max:
        return None
    pause = min(retry.backoff * 2 ** min(tries - 1, 30), retry.cap) if retry.backoff < retry.cap else retry.cap
    return now + max(pause, min(timedelta(seconds=after or 0), retry.cap))


def after_failure(turn: Turn, step: Step, failure: StepFailed) -> Run:
    """The run after a failed try at a step; its ``again_at`` says when it tries again, if it does."""
    run = turn.run
    if isinstance(step, Call):
        turn.round.calls.take(run, turn.number)
    tries = 1 if run.since is None else run.tries + 1  # it has just come to the step
    run = replace(run, answers=with_answer(run.answers, step.id, failure.answer), tries=tries)
    retry = retry_of(step, turn.flow, failure)
    return replace(run, again_at=next_try(retry, tries, failure.after, turn.now) if retry else None)


def is_to_wait(run: Run, now: datetime) -> datetime | None:
    """Until when a run waits before it tries its step again; ``None``: it does not."""
    return run.again_at if run.since is not None and run.again_at is not None and run.again_at > now else None
