"""When traces are made, and what they cost where they are not."""

import subprocess
import sys
import threading

import pytest
import structlog

from runtime.logs import _add_trace
from runtime.traces import tracing
from runtime.traces.tracing import ENDPOINT, Here, TracesUnavailableError, is_wanted, traces_sent, within
from tests.traces.collector import running_collector, variables

# What FastAPI imports itself is not ours: the part of OpenTelemetry that does nothing.
_LOOK = """
import sys
def has(*names): return [name for name in sys.modules if name.startswith(names)]
import cli.main, runtime.traces.tracing
assert not has("opentelemetry", "runtime.traces.spans", "runtime.traces.temporal"), has("opentelemetry")
import worker.main
from runtime.settings import Settings
from runtime.traces.tracing import traces_sent
with traces_sent("worker"):
    assert not has("opentelemetry", "runtime.traces.spans", "runtime.traces.temporal"), has("opentelemetry")
import api.server
api.server.server_config(Settings())
with traces_sent("api"):
    assert not has("opentelemetry.sdk", "opentelemetry.exporter", "temporalio.contrib", "runtime.traces.spans")
"""


def test_nothing_of_it_is_imported_where_there_are_no_traces():
    with variables():
        subprocess.run([sys.executable, "-c", _LOOK], check=True, timeout=60)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://c"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, True),
        ({ENDPOINT: "http://c", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_say_whether_there_are_traces(environment: dict[str, str], wanted: bool):
    assert is_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("environment", "sampler"),
    [
        ({}, "ParentBased{root:TraceIdRatioBased{0.05}"),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.5"}, "ParentBased{root:TraceIdRatioBased{0.5}"),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, "AlwaysOnSampler"),
    ],
)
def test_one_trace_of_twenty_is_recorded_unless_the_environment_differs(environment: dict[str, str], sampler: str):
    with variables(**{ENDPOINT: "http://127.0.0.1:9"} | environment), traces_sent("test"):
        spans = tracing.spans()
        assert spans is not None
        assert spans.sampler == sampler
    assert tracing.spans() is None


def test_a_process_ends_although_its_collector_hangs():
    with running_collector() as collector, variables(**{ENDPOINT: collector.url, "OTEL_TRACES_SAMPLER": "always_on"}):
        collector.answers.clear()
        with traces_sent("test"):
            spans = tracing.spans()
            assert spans is not None
            for _ in range(3000):  # more than its queue holds
                with spans.request("GET", None):
                    pass
        assert any(thread.name == "traces" for thread in threading.enumerate()), "the collector did not hang"


def test_without_the_packages_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "runtime.traces.spans", None)
    refused = pytest.raises(TracesUnavailableError, match=r"xsender\[traces\]")
    with variables(**{ENDPOINT: "http://127.0.0.1:9"}), refused, traces_sent("test"):
        pass


def test_a_line_of_the_log_says_which_trace_it_belongs_to():
    event: structlog.types.EventDict = {"event": "x"}
    here = Here(f"00-{'a' * 32}-{'b' * 16}-01")
    with within(here):
        assert _add_trace(None, "info", dict(event))["trace_id"] == "a" * 32
        here.is_open = False
        assert _add_trace(None, "info", dict(event)) == event
    assert _add_trace(None, "info", dict(event)) == event
