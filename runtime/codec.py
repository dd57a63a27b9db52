"""Encryption of Temporal payloads, failures included: the engine's database and UI show nothing of a message."""

from collections.abc import Sequence
from dataclasses import replace

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from domain.keyring import PAYLOADS, Keyring

ENCODING = b"binary/xsender-aes256gcm"


class EncryptionCodec(PayloadCodec):
    """Seals whole payloads with the key ring; what is not sealed passes through when read."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal every payload."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open what is sealed.

        Raises:
            KeyringError: sealed by a key that is not in the ring, or changed.
        """
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        sealed = self._keyring.encrypt(payload.SerializeToString(), ENCODING)
        return Payload(metadata={"encoding": ENCODING}, data=sealed)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        opened = Payload()
        opened.ParseFromString(self._keyring.decrypt(payload.data, ENCODING))
        return opened


def encryption_codec(keys: str) -> EncryptionCodec:
    """The codec for an install's key ring."""
    return EncryptionCodec(Keyring.parse(keys, PAYLOADS))


def data_converter(keys: str, encrypt: bool) -> DataConverter:
    """The converter that every client, worker and replayer of an install shares."""
    if not encrypt:
        return DataConverter.default
    return replace(
        DataConverter.default,
        payload_codec=encryption_codec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
