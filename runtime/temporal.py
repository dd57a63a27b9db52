"""The one way to connect to Temporal: local, self-hosted or Temporal Cloud."""

from temporalio.client import Client, Interceptor
from temporalio.common import WorkerDeploymentVersion
from temporalio.converter import DataConverter
from temporalio.service import GrpcCompression, TLSConfig

from runtime.codec import data_converter
from runtime.search_attributes import StartsWithout
from runtime.settings import Settings
from runtime.traces import tracing


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client with the install's payload codec. ``lazy`` connects at the first call.

    Raises:
        RuntimeError: Temporal is not there (only when not lazy).
    """
    api_key = settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        api_key=api_key,
        tls=_tls(settings),
        data_converter=_converter(settings),
        grpc_compression=GrpcCompression.NONE,  # sealed payloads do not shrink
        lazy=lazy,
        interceptors=_interceptors(),
    )


def worker_version(settings: Settings) -> WorkerDeploymentVersion | None:
    """The build that workers with these settings belong to, if they have one; those of ``xsender dev`` never have."""
    if not settings.build_id or settings.data_dir is not None:
        return None
    return WorkerDeploymentVersion(settings.deployment, settings.build_id)


def _interceptors() -> list[Interceptor]:
    spans = tracing.spans()
    if spans is None:
        return [StartsWithout()]
    from runtime.traces.temporal import TracedCalls  # imports OpenTelemetry

    return [StartsWithout(), TracedCalls(spans)]


def _converter(settings: Settings) -> DataConverter:
    until = settings.accept_unsealed_until.timestamp() if settings.accept_unsealed_until else 0.0
    return data_converter(settings.keys.get_secret_value(), settings.payload_encryption, until)


def _tls(settings: Settings) -> TLSConfig | bool:
    if settings.temporal_tls_cert and settings.temporal_tls_key:
        return TLSConfig(
            client_cert=settings.temporal_tls_cert.read_bytes(),
            client_private_key=settings.temporal_tls_key.read_bytes(),
        )
    return settings.temporal_tls
