"""Signing by handle, in the shape of PKCS#11 (version 3.0: C_FindObjects, C_GetAttributeValue, C_Sign).

Whoever signs asks a `Signer` for the handle of a label and hands data in; the key stays where it is. `SoftwareSigner` keeps
keys in this process; a hardware module has the same three methods and nothing above it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NewType, Protocol

from atoll.trust.algorithms import Algorithm
from atoll.trust.errors import HandleUnknown, KeyNotHere, MechanismUnfit
from atoll.trust.keys import PublicKey, SecretKey
from atoll.trust.secret import Secret

Handle = NewType("Handle", int)
"""A key inside one signer, for as long as that signer lives."""


class Mechanism(StrEnum):
    """How to sign."""

    EDDSA = "eddsa"
    """CKM_EDDSA: Ed25519 over the data themselves."""


MECHANISM_OF: Mapping[Algorithm, Mechanism] = {Algorithm.ED25519: Mechanism.EDDSA}
"""Which mechanism a key's algorithm takes."""


class Signer(Protocol):
    """Holds keys and signs with them."""

    def find(self, label: str) -> Handle:
        """The key of that label.

        Raises:
            KeyNotHere: there is none.
        """
        ...

    def public(self, handle: Handle) -> PublicKey:
        """The public half of a key.

        Raises:
            HandleUnknown: not a handle of this signer.
        """
        ...

    def sign(self, handle: Handle, mechanism: Mechanism, data: bytes) -> bytes:
        """A signature on `data`.

        Raises:
            HandleUnknown: not a handle of this signer.
            MechanismUnfit: the key does not sign that way.
        """
        ...


class SoftwareSigner(Secret):
    """A signer over keys in this process's memory, as `open_keys` gives them; what is not a signing key is left out."""

    __slots__ = ("_keys", "_labels")

    def __init__(self, secrets: Mapping[str, Secret]) -> None:
        self._labels = [label for label, secret in secrets.items() if isinstance(secret, SecretKey)]
        self._keys = [secret for secret in secrets.values() if isinstance(secret, SecretKey)]

    def find(self, label: str) -> Handle:
        if label not in self._labels:
            raise KeyNotHere(label=label)
        return Handle(self._labels.index(label))

    def public(self, handle: Handle) -> PublicKey:
        return self._key(handle).public

    def sign(self, handle: Handle, mechanism: Mechanism, data: bytes) -> bytes:
        key = self._key(handle)
        if mechanism is not MECHANISM_OF[key.public.algorithm]:
            raise MechanismUnfit(label=self._labels[handle], mechanism=mechanism)
        return key.sign(data)

    def _key(self, handle: Handle) -> SecretKey:
        if not 0 <= handle < len(self._keys):
            raise HandleUnknown()
        return self._keys[handle]

    def _describe(self) -> str:
        return f"of {len(self._keys)} keys"


def signing(signer: Signer, label: str) -> Callable[[bytes], bytes]:
    """The function that signs with one key, as `seal_envelope` wants it.

    Raises:
        KeyNotHere: the signer has no key of that label.
    """
    handle = signer.find(label)
    mechanism = MECHANISM_OF[signer.public(handle).algorithm]
    return lambda data: signer.sign(handle, mechanism, data)
