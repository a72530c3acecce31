"""Making a node's home: keys, TLS certificate, tokens and a configuration file that explains itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.rules.membership import Enrolment
from atoll.node.config import Config, Home
from atoll.node.errors import BadConfig, HomeExists
from atoll.node.tokens import create_token
from atoll.ordering.cometbft.keys import ConsensusKeys, write_keys
from atoll.ports import Clock, Entropy
from atoll.storage.keyfile import load_keystore, save_keystore
from atoll.storage.store import NodeStore
from atoll.trust.keys import SEED_BYTES, PublicKey, Purpose, SecretKey
from atoll.trust.keystore import open_keys, seal_keys
from atoll.trust.roles import Role
from atoll.trust.tlskeys import TlsKey, create_tls_key
from atoll.wire.message import encode_message

TLS_TTL_SECONDS = 5 * 365 * 86_400
STORAGE_LABEL = "storage"
"""Label of the secret that the node's own values are sealed under; it signs nothing and is registered nowhere."""
NODE_LABEL = "consensus-node"
"""Label of the secret that names this node among CometBFT's; it opens connections and signs nothing, so a copy does no harm."""
PERSON_ROLES = ("admin", "owner", "user", "auditor", "operator")
SIGNING = (Purpose.IDENTITY, Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG)

_CONFIG = """\
# Atoll node of {org}. `atoll config check` verifies this file; `atoll doctor` the node.

[node]
org = "{org}"
log = "info"

[peer]
# Where other members reach this node; "" for a node that only dials out.
listen = "{peer}"

[https]
# The API, for this organisation's own people and programs.
listen = "{https}"

[consensus]
# Where other members' CometBFT reaches this node's, if the ledger runs on it; "" for a node that only dials out.
listen = "{consensus}"
# address = "203.0.113.5:26656"     # under which they do, where that is another one
# rpc = "127.0.0.1:26657"           # CometBFT's own RPC, for light clients
# commit-ms = 200                   # the same at every member

[data]
# Datasets can be registered from these folders and from nowhere else.
folders = ["data"]

[jobs]
# The most that a job may take here, whatever its plan allows.
# max-memory-mb = 4096       # of its process; half of the machine's memory if left out
# max-traffic-mb = 100000    # what it sends; as its plan says if left out

[registration]
# sm3 = true                 # fingerprints have SM3 of a file's bytes too, beside SHA-256

[tlog]
# The agreed log for outsiders, under /tlog of the API's address: hashes and signed checkpoints, never entries.
# publish = false
# witnesses = "witnesses.policy"   # a C2SP tlog-policy: outside witnesses, and how many must cosign what is published
# certificates = ["north.der"]     # of witnesses that have none from an authority
# every-seconds = 2

[policy]
# The owner's own veto rules; they can refuse what a grant permits, and permit nothing.
consent = "{consent}"        # "manual": a person approves each job
# counterparties = ["bank"]  # nobody else; leave out for all members
# purposes = ["credit-check"]
# job-kinds = ["intersection"]
# protocols = ["psi-rr22"]
# adversary-models = ["malicious"]  # withstands no less
# trusted-proposers = ["bank"]      # may propose that this organisation receives; else a person approves
# max-rows = 1000000
# hours = "06-22"            # UTC
# duplicate-checks = "off"   # neither made nor answered; what is not answered stands under review
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHome:
    """What a new home is made from."""

    org: str
    title: str
    legal_id: str
    roles: tuple[str, ...]
    peer: str
    https: str
    affiliation: str = ""
    validating: bool = True
    consent: str = "automatic"
    consensus: str = ""
    """host:port of its CometBFT node, or empty for one that only dials out."""


def create_home(path: Path, new: NewHome, *, passphrase: str, clock: Clock, entropy: Entropy) -> Enrolment:
    """Make a home and say what its organisation enrols with.

    Raises:
        HomeExists: the folder holds a configuration already.
        BadConfig: a role is unknown.
        KeystoreExists: the folder holds keys already.
    """
    home = Home(path)
    if home.config.exists():
        raise HomeExists(path=str(path))
    unknown = sorted(set(new.roles) - set(Role))
    if unknown:
        raise BadConfig(path=str(home.config), reason=f"unknown role {unknown[0]}; roles are {', '.join(Role)}")
    for folder in (home.path, home.jobs, home.tokens, home.logs, home.path / "data"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.path.chmod(0o700)  # it may have been there, open to all
    keys: dict[str, SecretKey | TlsKey] = {
        f"{new.org}/{purpose}/1": SecretKey.generate(purpose, entropy) for purpose in SIGNING
    }
    hosts = sorted({"localhost", "127.0.0.1", *(one.rpartition(":")[0] for one in (new.peer, new.https) if one)})
    tls = create_tls_key(new.org, clock=clock, entropy=entropy, hosts=hosts, ttl_seconds=TLS_TTL_SECONDS)
    keys[f"{new.org}/{Purpose.TLS}/1"] = tls
    keys[STORAGE_LABEL] = SecretKey.generate(Purpose.IDENTITY, entropy)
    keys[NODE_LABEL] = node = SecretKey.generate(Purpose.IDENTITY, entropy)
    save_keystore(home.keys, seal_keys(keys, passphrase, entropy))
    home.certificate.write_bytes(tls.certificate)
    votes = write_keys(home.cometbft, validator_seed=entropy.bytes(SEED_BYTES), node_seed=node.expose_seed())
    enrolment = enrolment_of(new, keys, votes)
    write_private(home.path / "enrolment.atoll", encode_message(enrolment))
    _write_tokens(home, entropy)
    text = _CONFIG.format(org=new.org, peer=new.peer, https=new.https, consent=new.consent, consensus=new.consensus)
    home.config.write_text(text, "utf-8")
    return enrolment


def enrolment_of(new: NewHome, keys: Mapping[str, SecretKey | TlsKey], votes: ConsensusKeys) -> Enrolment:
    """What an organisation says of itself when it joins."""
    tls = keys[f"{new.org}/{Purpose.TLS}/1"]
    assert isinstance(tls, TlsKey)

    def public(purpose: Purpose) -> bytes:
        return _public(keys[f"{new.org}/{purpose}/1"]).data

    return Enrolment(
        org=new.org,
        title=new.title,
        legal_id=new.legal_id,
        affiliation=new.affiliation,
        roles=tuple(sorted(new.roles)),
        validating=new.validating,
        tls=tls.certificate,
        peer=new.peer,
        https=new.https,
        identity=public(Purpose.IDENTITY),
        recovery=public(Purpose.RECOVERY),
        cosign=public(Purpose.COSIGN),
        log=public(Purpose.LOG),
        consensus=votes.public,
        consensus_peer=f"{votes.node_id}@{new.consensus}",
    )


def open_home_keys(config: Config) -> dict[str, SecretKey | TlsKey]:
    """This organisation's secrets.

    Raises:
        KeystoreLocked: the passphrase is wrong.
        PassphraseMissing: no passphrase is given.
    """
    return open_keys(load_keystore(config.home.keys), config.home.passphrase().decode())


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _write_tokens(home: Home, entropy: Entropy) -> None:
    store = NodeStore(home.store)
    try:
        for role in PERSON_ROLES:
            write_private(home.token(role), create_token(store, role, role, entropy).encode() + b"\n")
    finally:
        store.close()


def _public(key: SecretKey | TlsKey) -> PublicKey:
    assert isinstance(key, SecretKey)
    return key.public
