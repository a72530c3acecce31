"""A consortium on paper: organisations with keys, the genesis they signed, and transactions by any of them.

    founding = Founding(["operator", "auditor", "bank", "bureau", "telecom"])
    founding.genesis_file                                     # what every node starts from
    founding.sign("bank", RegisterDataset(...))               # the bank's transaction, next nonce
    founding.keys["bank"][Purpose.COSIGN].sign                # what an engine signs with

Everything is derived from names, so that two runs are equal to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atoll.ledger.genesis import FounderSignature, Genesis, encode_genesis, genesis_signed_bytes, verify_genesis
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.membership import Enrolment
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.nodekeys import derive_node_id
from atoll.trust.roles import Role
from atoll.trust.tlskeys import TlsKey, create_tls_key
from atoll.wire.message import Message, encode_message

FOUNDED = 1_780_000_000
"""When test consortia are founded, Unix seconds."""
SIGNING = (Purpose.IDENTITY, Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG, Purpose.CONSENSUS)
NEVER = 2**50
"""An expiry height that no test reaches."""


@dataclass(frozen=True, slots=True)
class FixedClock:
    """Always the same time; what a certificate is made with."""

    time: int = FOUNDED

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return 0.0


class NamedEntropy:
    """Bytes that depend on a name alone: SHA-256 in counter mode. Never outside tests."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def bytes(self, length: int) -> bytes:
        blocks = []
        for _ in range(-(-length // 32)):
            self._count += 1
            blocks.append(hashlib.sha256(f"{self._name}/{self._count}".encode()).digest())
        return b"".join(blocks)[:length]


class Organisation:
    """One organisation's keys."""

    def __init__(self, org: str) -> None:
        self.org = org
        self.keys: dict[Purpose, SecretKey] = {one: SecretKey.generate(one, NamedEntropy(f"{org}/{one}")) for one in SIGNING}
        self.node_seed: bytes = NamedEntropy(f"{org}/p2p").bytes(32)
        """Seed of the Ed25519 key that names its CometBFT node."""
        self.tls: TlsKey = create_tls_key(org, clock=FixedClock(), entropy=NamedEntropy(f"{org}/tls"))

    def public(self, purpose: Purpose) -> bytes:
        """The public half of one of its signing keys."""
        return self.keys[purpose].public.data

    @property
    def node_id(self) -> str:
        """The name of its CometBFT node."""
        return derive_node_id(self.node_seed)

    def enrolment(
        self,
        *,
        roles: Sequence[str] = (Role.OWNER, Role.USER),
        validating: bool = True,
        peer: str = "",
        https: str = "",
        consensus_address: str | None = None,
    ) -> Enrolment:
        """What it says of itself when it founds or joins a consortium.

        Args:
            roles: what it is.
            validating: whether it takes part in agreeing on blocks.
            peer: host:port of its peer listener.
            https: host:port of its API.
            consensus_address: host:port of its CometBFT node, empty for one that dials out; None where there is none.
        """
        on_cometbft = consensus_address is not None
        return Enrolment(
            org=self.org,
            title=f"The {self.org}",
            legal_id=f"legal-{self.org}",
            affiliation="",
            roles=tuple(sorted(str(role) for role in roles)),
            validating=validating,
            identity=self.public(Purpose.IDENTITY),
            recovery=self.public(Purpose.RECOVERY),
            cosign=self.public(Purpose.COSIGN),
            log=self.public(Purpose.LOG),
            tls=self.tls.certificate,
            peer=peer,
            https=https,
            consensus=self.public(Purpose.CONSENSUS) if on_cometbft else b"",
            consensus_peer=f"{self.node_id}@{consensus_address}" if on_cometbft else "",
        )


class Founding:
    """A founded consortium; see the module's docstring."""

    def __init__(
        self,
        orgs: Sequence[str] = ("operator", "auditor", "bank", "bureau", "telecom"),
        *,
        chain_id: str = "",
        sequencer: str | None = None,
        not_validating: Sequence[str] = (),
        roles: Mapping[str, Sequence[str]] | None = None,
        peers: Mapping[str, str] | None = None,
        time: int = FOUNDED,
        engine: EngineKind | str = EngineKind.EMBEDDED,
        consensus_addresses: Mapping[str, str] | None = None,
    ) -> None:
        """Found it.

        Args:
            orgs: the founders.
            chain_id: the ledger's name; CometBFT takes none with a slash.
            sequencer: who orders; the first founder unless named.
            not_validating: founders that only follow.
            roles: roles by organisation; the sequencer is operator, everybody else owner and user, where it says nothing.
            peers: host:port of peer listeners.
            time: when.
            engine: what puts transactions in order.
            consensus_addresses: host:port of CometBFT nodes; 127.0.0.1 and a port each that nobody listens at where left out.
        """
        self.engine = EngineKind(engine)
        on_cometbft = self.engine is EngineKind.COMETBFT
        self.chain_id = chain_id or ("lagoon.test.example" if on_cometbft else "test.example/lagoon")
        addresses: dict[str, str | None] = dict.fromkeys(orgs)
        if on_cometbft:
            addresses = {org: f"127.0.0.1:{26_000 + number}" for number, org in enumerate(orgs)}
            addresses |= consensus_addresses or {}
        self.sequencer = sequencer or orgs[0]
        self.orgs: dict[str, Organisation] = {org: Organisation(org) for org in orgs}
        self._nonces: dict[str, int] = {}
        given = dict(roles or {})
        founders = [
            self.orgs[org].enrolment(
                roles=given.get(org, (Role.OPERATOR,) if org == self.sequencer else (Role.OWNER, Role.USER)),
                validating=org not in not_validating,
                peer=(peers or {}).get(org, ""),
                consensus_address=addresses[org],
            )
            for org in sorted(orgs)
        ]
        self.genesis = Genesis(
            chain_id=self.chain_id,
            time=time,
            rules_version=1,
            test=True,
            receipt_term_seconds=3600,
            sequencer=self.sequencer,
            founders=tuple(founders),
            engine=self.engine,
        )
        self.genesis_file = self.sign_genesis(self.genesis)
        self.genesis_digest = verify_genesis(self.genesis_file)[1]

    @property
    def keys(self) -> dict[str, dict[Purpose, SecretKey]]:
        """Signing keys by organisation and purpose."""
        return {org: one.keys for org, one in self.orgs.items()}

    def add(self, org: str) -> Organisation:
        """Make keys for an organisation that is to join."""
        return self.orgs.setdefault(org, Organisation(org))

    def sign_genesis(self, genesis: Genesis) -> bytes:
        """A genesis, signed by each of its founders."""
        message = genesis_signed_bytes(encode_message(genesis))
        signatures = tuple(
            FounderSignature(org=one.org, signature=self.orgs[one.org].keys[Purpose.IDENTITY].sign(message))
            for one in genesis.founders
        )
        return encode_genesis(genesis, signatures)

    def next_nonce(self, org: str) -> int:
        """The nonce of the organisation's next transaction."""
        self._nonces[org] = self._nonces.get(org, 0) + 1
        return self._nonces[org]

    def sign(
        self,
        org: str,
        body: Message,
        *,
        nonce: int | None = None,
        expiry_height: int = NEVER,
        version: int = 1,
        key: SecretKey | None = None,
    ) -> bytes:
        """A transaction.

        Args:
            org: who sends it.
            body: the message of a ledger rule.
            nonce: the next one unless given.
            expiry_height: last height at which it may be included.
            version: version of the identity key.
            key: another key to sign with, for forgeries and after rotations.
        """
        transaction = Transaction(
            sender=org,
            nonce=self.next_nonce(org) if nonce is None else nonce,
            expiry_height=expiry_height,
            type=body.TAG,
            body=body.to_map(),
        )
        secret = key if key is not None else self.orgs[org].keys[Purpose.IDENTITY]
        return seal_transaction(
            transaction,
            kid=f"{org}/identity/{version}",
            sign=secret.sign,
            chain_id=self.chain_id,
            genesis_digest=self.genesis_digest,
        )
