"""Workers that belong to a build: which workflows stay with theirs, and when there are none."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion

from runtime.settings import Settings
from runtime.temporal import worker_version
from worker.build import build_workers
from worker.runners.workflow_types import WORKFLOWS
from worker.table import QueueRow
from workflows.policy import BEHAVIOURS, QUEUES

PINNED = {"SendWorkflow", "BatchWorkflow", "ReceiptsWorkflow", "CallbackWorkflow"}


async def test_each_type_of_workflow_says_whether_it_stays_with_its_build():
    types = {flow.__name__ for flows in WORKFLOWS.values() for flow in flows}
    assert BEHAVIOURS.keys() == types
    assert {name for name, behaviour in BEHAVIOURS.items() if behaviour is VersioningBehavior.PINNED} == PINNED
    assert set(BEHAVIOURS.values()) == {VersioningBehavior.PINNED, VersioningBehavior.AUTO_UPGRADE}


async def test_workers_of_a_build_say_so_for_each_queue(settings: Settings):
    client = await Client.connect(settings.temporal_address)
    version = WorkerDeploymentVersion("xsender", "a")
    rows = {queue: QueueRow(flows, [], 1, is_local=True) for queue, flows in WORKFLOWS.items()}
    for worker in build_workers(client, rows, version):
        config = worker.config()["deployment_config"]
        assert config is not None
        assert (config.version, config.use_worker_versioning) == (version, True)
        expected = {BEHAVIOURS[flow.__name__] for flow in WORKFLOWS[worker.task_queue]}
        assert {config.default_versioning_behavior} == expected
    assert all(worker.config()["deployment_config"] is None for worker in build_workers(client, rows))


async def test_only_queues_of_the_policy_have_workflows():
    assert set(WORKFLOWS) <= set(QUEUES)


def test_a_build_is_off_unless_named_and_always_in_an_embedded_install(tmp_path: Path):
    assert worker_version(Settings()) is None
    assert worker_version(Settings(build_id="1.4.2+g77")) == WorkerDeploymentVersion("xsender", "1.4.2+g77")
    assert worker_version(Settings(build_id="a", deployment="eu")) == WorkerDeploymentVersion("eu", "a")
    assert worker_version(Settings(build_id="a", data_dir=tmp_path)) is None


def test_a_build_is_named_as_temporals_worker_controller_names_it():
    named = Settings(build_id="0.1.0-3f2a", deployment="shop/xsender")
    assert worker_version(named) == WorkerDeploymentVersion("shop/xsender", "0.1.0-3f2a")


@pytest.mark.parametrize("name", ["it's", "a:b", " ", "-a", "a" * 101])
def test_a_build_has_a_plain_name(name: str):
    with pytest.raises(ValidationError):
        Settings(build_id=name)
    with pytest.raises(ValidationError):
        Settings(deployment=name)
