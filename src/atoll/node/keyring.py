"""This organisation's secret keys in a running node, and their replacement."""

from __future__ import annotations

from collections.abc import Callable

from atoll.ledger.records import current_kid
from atoll.node.config import Config
from atoll.node.home import NODE_LABEL, STORAGE_LABEL, TLS_TTL_SECONDS
from atoll.ordering.cometbft.keys import next_key
from atoll.ordering.engine import View
from atoll.ports import Clock, Entropy
from atoll.storage.keyfile import save_keystore
from atoll.trust.errors import KeyNotHere
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.keystore import seal_keys
from atoll.trust.signer import SoftwareSigner, signing
from atoll.trust.tlskeys import TlsKey, create_tls_key


class KeyRing:
    """The opened keystore. Keys are found by `org/purpose/version`; which version is current is the ledger's to say."""

    def __init__(self, config: Config, keys: dict[str, SecretKey | TlsKey], *, clock: Clock, entropy: Entropy) -> None:
        self._config = config
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self.signer = SoftwareSigner(keys)

    def prepare(self, purpose: Purpose, version: int, *, registered: bytes = b"") -> bytes:
        """Make and keep the key that is to follow the registered one; its public part, for TLS the certificate. One that was
        kept before is used.

        The key that votes on blocks lies beside what it has signed: it is that one where another is registered, as after a
        restored backup (`atoll.node.engines`), and else a new one, which the node takes once the ledger names it.

        Raises:
            ValidatorFilesUnfit: it is not there as it has to be.
        """
        if purpose is Purpose.CONSENSUS:
            return next_key(self._config.home.cometbft, self._entropy, registered=registered)
        label = f"{self._config.org}/{purpose}/{version}"
        if label not in self._keys:
            keys = self._keys | {label: self._make(purpose)}
            sealed = seal_keys(keys, self._config.home.passphrase().decode(), self._entropy)
            save_keystore(self._config.home.keys, sealed, replace=True)
            self._keys = keys  # not before it is on the disk: the ledger must never name a key that a restart forgets
            self.signer = SoftwareSigner(keys)
        key = self._keys[label]
        return key.certificate if isinstance(key, TlsKey) else key.public.data

    def sign_recovery(self, version: int, data: bytes) -> bytes:
        """Sign with the recovery key, if it is kept here; empty if it is kept elsewhere."""
        try:
            return signing(self.signer, f"{self._config.org}/{Purpose.RECOVERY}/{version}")(data)
        except KeyNotHere:
            return b""

    def signing(self, purpose: Purpose, view: Callable[[], View]) -> Callable[[bytes], bytes]:
        """Signs with the version of a key that the ledger says is current."""

        def sign(data: bytes) -> bytes:
            return signing(self.signer, self.current(purpose, view()))(data)

        return sign

    def tls(self, view: View) -> TlsKey:
        """The TLS key in force."""
        key = self._keys[self.current(Purpose.TLS, view)]
        assert isinstance(key, TlsKey)
        return key

    def storage_key(self) -> bytes:
        """What this node's own values are sealed under."""
        key = self._keys[STORAGE_LABEL]
        assert isinstance(key, SecretKey)
        return key.expose_seed()

    def node_seed(self) -> bytes:
        """What names this node among CometBFT's."""
        key = self._keys[NODE_LABEL]
        assert isinstance(key, SecretKey)
        return key.expose_seed()

    def current(self, purpose: Purpose, view: View) -> str:
        """Label of the key in force."""
        return current_kid(view, self._config.org, purpose)

    def _make(self, purpose: Purpose) -> SecretKey | TlsKey:
        if purpose is not Purpose.TLS:
            return SecretKey.generate(purpose, self._entropy)
        hosts = sorted({"localhost", "127.0.0.1", *(one.rpartition(":")[0] for one in (self._config.peer_listen,) if one)})
        org, clock, entropy = self._config.org, self._clock, self._entropy
        return create_tls_key(org, clock=clock, entropy=entropy, hosts=hosts, ttl_seconds=TLS_TTL_SECONDS)
