"""Builds of the workers: whether new work goes to one, and whether that has workers."""

from collections.abc import Sequence

from temporalio.client import Client

from domain.errors import NotFoundError
from runtime.settings import Settings
from services.deploys.builds import Deployment, read
from services.doctor.findings import Finding, failure, ok, warning

_NAME = "builds"


async def check_builds(client: Client, settings: Settings) -> Sequence[Finding]:
    """Nothing where no worker has a build. Raises ``RPCError`` if Temporal does not answer."""
    try:
        return [judge(await read(client, settings.deployment))]
    except NotFoundError:
        return []


def judge(deployment: Deployment) -> Finding:
    """What there is to say of the builds of an install."""
    current = deployment.current
    if current is None:
        names = ", ".join(one.build for one in deployment.builds)
        text = f"no build of {deployment.name} is promoted: only workers without a build get new work"
        return warning(_NAME, text, f"xsender deploy promote, with one of {names}")
    if current.missing_queues:
        text = f"new work goes to build {current.build}, of which no worker serves {', '.join(current.missing_queues)}"
        return failure(_NAME, text, "start workers of that build, or promote another: xsender deploy status")
    return ok(_NAME, f"new work goes to build {current.build}")
