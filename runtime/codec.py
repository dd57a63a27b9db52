"""Encryption of Temporal payloads, failures included: Temporal's database and UI show no message content.

Payloads not sealed by this install are refused (decision 0016): anyone with access to Temporal could start
workflows otherwise. If a codec raises, the SDK fails the whole workflow task of a page that got a foreign signal. So
a refused payload is passed on as such, and raises where it is converted: one argument, one answer, one result.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    FailureConverter,
    PayloadCodec,
    PayloadConverter,
)
from temporalio.exceptions import ApplicationError

from domain.keyring import PAYLOADS, Keyring, KeyringError

ENCODING = b"binary/xsender-aes256gcm"
_REFUSED = "binary/xsender-refused"
_NOTE = "ACTIVITY_ID_NOT_STARTED"
"""The one payload that Temporal's server writes itself: in the details of an activity that is cancelled before a worker
has it. It is read where no type is expected, which is in such details alone; anywhere else it is refused.
"""


class UnsealedPayloadError(ApplicationError):
    """A payload without this install's seal. In a workflow it ends the workflow, in an activity the attempt."""

    def __init__(self) -> None:
        super().__init__("a payload is not sealed by this install", type="UnsealedPayload", non_retryable=True)


REFUSALS = (UnsealedPayloadError, KeyringError)
"""Errors for payloads that are not ours, or whose key is not in the ring."""


class EncryptionCodec(PayloadCodec):
    """Seals whole payloads with the key ring, and refuses all others."""

    def __init__(self, keyring: Keyring, accept_unsealed_until: float = 0.0) -> None:
        """``accept_unsealed_until``: Unix seconds until which payloads without a seal are read, for upgrades."""
        self._keyring = keyring
        self._accept_until = accept_unsealed_until

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal every payload."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open sealed payloads. Others are returned as payloads that cannot be converted."""
        return [self._read(payload) for payload in payloads]

    def open(self, payload: Payload) -> Payload:
        """Open a payload that is sealed.

        Raises:
            KeyringError: sealed by a key that is not in the ring, or changed.
        """
        opened = Payload()
        opened.ParseFromString(self._keyring.decrypt(payload.data, ENCODING))
        return opened

    def _seal(self, payload: Payload) -> Payload:
        sealed = self._keyring.encrypt(payload.SerializeToString(), ENCODING)
        return Payload(metadata={"encoding": ENCODING}, data=sealed)

    def _read(self, payload: Payload) -> Payload:
        if not is_sealed(payload):
            return payload if time.time() < self._accept_until else _refused(is_note=_is_note(payload))
        try:
            return self.open(payload)
        except KeyringError as error:
            return _refused(error.why)


class _Refused(EncodingPayloadConverter):
    """Raises where a refused payload is to be used."""

    @property
    def encoding(self) -> str:
        return _REFUSED

    def to_payload(self, value: Any) -> Payload | None:
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        if "note" in payload.metadata and type_hint is None:
            return _NOTE
        # A missing key may come back: the task is retried. A payload without a seal ends the workflow.
        raise KeyringError(payload.data.decode()) if payload.data else UnsealedPayloadError


class SealedPayloadConverter(CompositePayloadConverter):
    """The SDK's own converters, and the one that refuses."""

    def __init__(self) -> None:
        super().__init__(*DefaultPayloadConverter.default_encoding_payload_converters, _Refused())


@dataclass(frozen=True)
class SealedDataConverter(DataConverter):
    """Converts only what is sealed.

    The SDK looks for references to external storage before the codec sees a payload, and raises at one. Ours has no
    such storage: such a payload is one without a seal, like any other. The very sequence is returned: the SDK copies
    another one.
    """

    payload_converter_class: type[PayloadConverter] = SealedPayloadConverter
    failure_converter_class: type[FailureConverter] = DefaultFailureConverterWithEncodedAttributes

    async def _decode_reference_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return cast(list[Payload], payloads)

    async def _external_retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return cast(list[Payload], payloads)


def is_sealed(payload: Payload) -> bool:
    """Whether a payload claims to be sealed."""
    return payload.metadata.get("encoding") == ENCODING


def is_unsealed(payload: Payload) -> bool:
    """Whether a payload, as the codec left it, was refused because it has no seal."""
    return payload.metadata.get("encoding") == _REFUSED.encode() and not payload.data


def _is_note(payload: Payload) -> bool:
    return payload.data == f'"{_NOTE}"'.encode() and payload.metadata.get("encoding") == b"json/plain"


def _refused(reason: str = "", *, is_note: bool = False) -> Payload:
    note = {"note": b""} if is_note else {}
    return Payload(metadata={"encoding": _REFUSED.encode(), **note}, data=reason.encode())


def encryption_codec(keys: str, accept_unsealed_until: float = 0.0) -> EncryptionCodec:
    """The codec for an install's key ring."""
    return EncryptionCodec(Keyring.parse(keys, PAYLOADS), accept_unsealed_until)


def data_converter(keys: str, encrypt: bool, accept_unsealed_until: float = 0.0) -> DataConverter:
    """The converter that every client, worker and replayer of an install shares."""
    if not encrypt:
        return DataConverter.default
    return SealedDataConverter(payload_codec=encryption_codec(keys, accept_unsealed_until))
