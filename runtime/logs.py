"""Logging of all processes: structured, one line per event, without personal data."""

import logging
import sys

import structlog

from domain.text.printable import visible
from runtime.traces.tracing import open_here


def configure_logs(level: str, as_json: bool) -> None:
    """Route structlog and the libraries' logging to stderr in one form."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # Plain tracebacks: the fancy ones show local variables, and with them the content of messages.
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ends: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, renderer] if as_json else [renderer, _show_controls]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("temporalio").setLevel(logging.WARNING)


def _add_trace(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    if (here := open_here()) is not None:
        event["trace_id"] = here.trace_id
    return event


def _show_controls(_: object, __: str, line: object) -> str:
    """Escape control characters: a line may contain a provider's answer, and be shown in a terminal."""
    return visible(str(line), keep="\n\t")
