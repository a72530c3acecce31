"""Founding the demo's consortium: five homes, one genesis that all five have signed.

Every organisation makes its own keys in its own folder; what leaves it is its enrolment and its signature. That all of it
happens in one program here is the demo's convenience; `atoll init` and `atoll consortium found` do the same on five machines.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.genesis import FounderSignature, Genesis, verify_genesis
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.membership import Enrolment
from atoll.node.config import load_config
from atoll.node.founding import draft_genesis, seal_genesis, sign_genesis
from atoll.node.home import NewHome, create_home, write_private
from atoll.ports import SystemClock, SystemEntropy
from atoll.storage.keyfile import load_keystore
from atoll.testing.ports import HOST, Ports  # layers: world in memory
from atoll.trust.keys import SecretKey
from atoll.trust.keystore import open_keys
from atoll.trust.roles import Role
from atoll.trust.signer import SoftwareSigner
from atoll.trust.tlskeys import TlsKey

CHAIN_ID = "lagoon.demo.atoll.example"
OPERATOR, AUDITOR, BANK, BUREAU, TELECOM = ORGS = ("operator", "auditor", "bank", "bureau", "telecom")
VALIDATING = {
    EngineKind.EMBEDDED: (AUDITOR, BANK, BUREAU, TELECOM),
    EngineKind.COMETBFT: (OPERATOR, BANK, BUREAU, TELECOM),
}
"""Members that count; three of them are a quorum. An operator that orders does not; under CometBFT nobody orders alone."""
COMMIT_MS = 20
"""How long a block waits for the last votes on the one before: everybody is on one machine."""
CABLED = BANK
"""The member whose peer port is reached through the cable."""

_TITLES = {
    OPERATOR: "Lagoon Operations Ltd",
    AUDITOR: "Reef Audit Partners",
    BANK: "Island Bank",
    BUREAU: "Archipelago Credit Bureau",
    TELECOM: "Atoll Telecom",
}
_ROLES: dict[str, tuple[str, ...]] = {
    OPERATOR: (str(Role.OPERATOR),),
    AUDITOR: (str(Role.AUDITOR),),
    BANK: (str(Role.OWNER), str(Role.USER)),
    BUREAU: (str(Role.OWNER), str(Role.USER)),
    TELECOM: (str(Role.OWNER), str(Role.USER)),
}


@dataclass(frozen=True, slots=True)
class Consortium:
    """What founding left behind."""

    folder: Path
    """Holds one home an organisation, named after it."""
    genesis: Genesis
    """What all founders signed."""
    genesis_digest: bytes
    """What names the consortium for ever."""
    engine: EngineKind
    """What puts its transactions in order."""
    rpc_port: int
    """Where the operator's CometBFT takes transactions from anybody; nobody listens there on the embedded engine."""
    passphrase_file: Path
    """Opens the keystores of all five; five machines would have five."""
    cable_port: int
    """Registered as the peer port of CABLED."""
    cabled_port: int
    """Where its node really listens."""

    def home(self, org: str) -> Path:
        """The home of one organisation."""
        return self.folder / org

    def steal_keys(self, org: str) -> dict[str, SecretKey | TlsKey]:
        """All secrets of an organisation: for attacks, where somebody inside it runs another program than its node."""
        return open_keys(load_keystore(self.home(org) / "keys.atoll"), self.passphrase_file.read_text("ascii"))


def found_consortium(folder: Path, ports: Ports, engine: EngineKind) -> Consortium:
    """Make five homes in `folder`, have the genesis signed by each, and put it into each.

    Cost: ten evaluations of scrypt, which is what most of the second goes into.
    """
    passphrase_file = folder / "passphrase"
    passphrase = secrets.token_urlsafe(24)
    write_private(passphrase_file, passphrase.encode("ascii"))
    cable_port = ports.take()
    clock, entropy = SystemClock(), SystemEntropy()
    listen = {org: (ports.take(), ports.take(), ports.take()) for org in ORGS}
    rpc_port = ports.take()

    def make(org: str) -> Enrolment:
        peer, https, consensus = listen[org]
        registered = cable_port if org == CABLED else peer
        new = NewHome(
            org=org,
            title=_TITLES[org],
            legal_id=f"demo-{org}",
            roles=_ROLES[org],
            peer=f"{HOST}:{registered}",
            https=f"{HOST}:{https}",
            validating=org in VALIDATING[engine],
            consensus=f"{HOST}:{consensus}",
        )
        enrolment = create_home(folder / org, new, passphrase=passphrase, clock=clock, entropy=entropy)
        config = folder / org / "atoll.toml"
        text = config.read_text("utf-8").replace(f"{HOST}:{registered}", f"{HOST}:{peer}")
        config.write_text(_settled(text, rpc_port if org == OPERATOR else 0), "utf-8")
        return enrolment

    with ThreadPoolExecutor(max_workers=len(ORGS)) as pool:  # scrypt runs outside the interpreter's lock
        enrolments = dict(zip(ORGS, pool.map(make, ORGS), strict=True))
        body = draft_genesis(
            list(enrolments.values()), chain_id=CHAIN_ID, sequencer=OPERATOR, clock=clock, test=True, engine=engine
        )

        def sign(org: str) -> FounderSignature:
            keys = open_keys(load_keystore(load_config(folder / org).home.keys), passphrase)
            return sign_genesis(body, org, enrolments[org], SoftwareSigner(keys))

        signatures = list(pool.map(sign, ORGS))
    file = seal_genesis(body, signatures)
    for org in ORGS:
        (folder / org / "genesis.atoll").write_bytes(file)
    genesis, digest = verify_genesis(file)
    return Consortium(folder, genesis, digest, engine, rpc_port, passphrase_file, cable_port, listen[CABLED][0])


def _settled(config: str, rpc_port: int) -> str:
    """A home's configuration with what the demo chooses about CometBFT."""
    chosen = f"commit-ms = {COMMIT_MS}\n" + (f'rpc = "{HOST}:{rpc_port}"\n' if rpc_port else "")
    return config.replace("\n[data]\n", f"{chosen}\n[data]\n", 1)
