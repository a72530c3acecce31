"""A node's home folder and its configuration file, `atoll.toml`.

HOME/atoll.toml        configuration                    HOME/ledger.sqlite   this node's copy of the ledger
HOME/keys.atoll        keystore, encrypted, 0600        HOME/node.sqlite     bodies, local datasets, jobs, tokens
HOME/genesis.atoll     the consortium's signed genesis  HOME/jobs/           one folder a job; results in it
HOME/tls.der           own TLS certificate              HOME/tokens/         bearer tokens for the API, 0600
HOME/data/             default data folder              HOME/log/            structured logs
HOME/cometbft/         consensus: key, what it signed, CometBFT's own blocks; never copied
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atoll.node.ceilings import Ceilings
from atoll.node.errors import BadConfig, NoHome
from atoll.node.foreign.settings import PATIENCE_SECONDS, ForeignSettings
from atoll.node.tlog.settings import EVERY_SECONDS, LogSettings
from atoll.policy.local import LocalRules
from atoll.storage.passphrase import read_passphrase

LEAST_JOB_MB = 64
"""A plan cannot say less memory; below it no job starts."""
MOST_EVERY_SECONDS = 3600
MOST_PATIENCE_SECONDS = 86_400
LEAST_COMMIT_MS, COMMIT_MS, MOST_COMMIT_MS = 10, 200, 10_000
_SECTIONS = {
    "node": {"org", "log"},
    "peer": {"listen", "address"},
    "https": {"listen"},
    "data": {"folders"},
    "jobs": {"max-memory-mb", "max-traffic-mb"},
    "registration": {"sm3"},
    "tlog": {"publish", "witnesses", "certificates", "every-seconds"},
    "consensus": {"listen", "address", "rpc", "commit-ms"},
    "foreign": {"agreement", "key", "certificates", "patience-seconds"},
    "policy": None,
}


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside a node's home."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "atoll.toml"

    @property
    def keys(self) -> Path:
        return self.path / "keys.atoll"

    @property
    def genesis(self) -> Path:
        return self.path / "genesis.atoll"

    @property
    def certificate(self) -> Path:
        return self.path / "tls.der"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def cometbft(self) -> Path:
        return self.path / "cometbft"

    @property
    def stopped(self) -> Path:
        """Why the node stopped by itself; not there while it runs."""
        return self.path / "log" / "stopped"

    @property
    def store(self) -> Path:
        return self.path / "node.sqlite"

    @property
    def catalogue(self) -> Path:
        return self.path / "catalogue.sqlite"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def tables(self) -> Path:
        return self.path / "tables"

    @property
    def tokens(self) -> Path:
        return self.path / "tokens"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    def token(self, role: str) -> Path:
        """File with the bearer token of a role."""
        return self.tokens / role

    @property
    def passphrase_file(self) -> Path:
        return self.path / "passphrase"

    def passphrase(self) -> bytes:
        """What opens the keystore: ATOLL_PASSPHRASE, the file that ATOLL_PASSPHRASE_FILE names, or `passphrase` in the home.

        Raises:
            PassphraseMissing: there is none of them, or the file cannot be read.
            KeystoreExposed: others may read the home's passphrase file.
        """
        return read_passphrase(self.passphrase_file)


@dataclass(frozen=True, slots=True)
class ConsensusSettings:
    """What the owner says about CometBFT; an embedded ledger asks nothing of it."""

    listen: str = ""
    """host:port where other members' nodes reach this one's consensus; empty for a node that only dials out."""
    address: str = ""
    """host:port under which they do, where that is another one."""
    rpc: str = ""
    """host:port of CometBFT's own RPC, for light clients; empty for none."""
    commit_ms: int = COMMIT_MS
    """How long a block waits for the last votes on the one before."""


@dataclass(frozen=True, slots=True)
class Config:
    """What `atoll.toml` says."""

    home: Home
    org: str
    peer_listen: str
    """host:port of the peer listener; empty for a node that only dials out."""
    https_listen: str
    """host:port of the API."""
    folders: tuple[Path, ...]
    """The only places data may be registered from."""
    log_level: str
    policy: LocalRules
    """The owner's own veto rules."""
    ceilings: Ceilings = field(default_factory=Ceilings)
    """The most that a job's process may take here, whatever its plan allows."""
    takes_sm3: bool = False
    """Whether fingerprints of tables have SM3 of the file's bytes beside SHA-256."""
    foreign: ForeignSettings = field(default_factory=ForeignSettings)
    """The agreement with other consortia about duplicates."""
    tlog: LogSettings = field(default_factory=LogSettings)
    """Whether the log is published, and who witnesses it."""
    consensus: ConsensusSettings = field(default_factory=ConsensusSettings)
    """Where CometBFT is reached, if the ledger runs on it."""


def load_config(path: Path) -> Config:
    """Read a home's configuration.

    Raises:
        NoHome: there is none.
        BadConfig: a section, key or value is unknown or wrong.
    """
    home = Home(path.resolve())
    if not home.config.is_file():
        raise NoHome(path=str(path), reason="it holds no atoll.toml")
    try:
        table = tomllib.loads(home.config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadConfig(path=str(home.config), reason=str(err)) from err
    for section, known in _SECTIONS.items():
        found = table.get(section, {})
        if not isinstance(found, dict):
            raise BadConfig(path=str(home.config), reason=f"[{section}] is not a section")
        for name in sorted(set(found) - known) if known is not None else []:
            raise BadConfig(path=str(home.config), reason=f"[{section}] knows no {name}")
    for section in sorted(set(table) - set(_SECTIONS)):
        raise BadConfig(path=str(home.config), reason=f"unknown section [{section}]")
    return Config(
        home=home,
        org=_text(home, table, "node", "org"),
        peer_listen=_text(home, table, "peer", "listen", ""),
        https_listen=_text(home, table, "https", "listen", "127.0.0.1:0"),
        folders=tuple((home.path / one).resolve() for one in _texts(home, table, "data", "folders", ["data"])),
        log_level=_text(home, table, "node", "log", "info"),
        policy=LocalRules.from_table(table.get("policy", {})),
        ceilings=_ceilings(home, table.get("jobs", {})),
        takes_sm3=_truth(home, table, "registration", "sm3"),
        tlog=_tlog(home, table),
        foreign=_foreign(home, table),
        consensus=_consensus(home, table),
    )


def _consensus(home: Home, table: dict[str, Any]) -> ConsensusSettings:
    commit_ms = table.get("consensus", {}).get("commit-ms", COMMIT_MS)
    if type(commit_ms) is not int or not LEAST_COMMIT_MS <= commit_ms <= MOST_COMMIT_MS:
        reason = f"[consensus] commit-ms is not a whole number from {LEAST_COMMIT_MS} to {MOST_COMMIT_MS}"
        raise BadConfig(path=str(home.config), reason=reason)
    listen, address, rpc = (_text(home, table, "consensus", name, "") for name in ("listen", "address", "rpc"))
    for name, value in (("listen", listen), ("address", address), ("rpc", rpc)):
        if value and not re.fullmatch(r"[A-Za-z0-9.\-\[\]:]{1,200}:[0-9]{1,5}", value):
            raise BadConfig(path=str(home.config), reason=f"[consensus] {name} is not host:port")
    return ConsensusSettings(listen=listen, address=address, rpc=rpc, commit_ms=commit_ms)


def _text(home: Home, table: dict[str, Any], section: str, name: str, default: str | None = None) -> str:
    value = table.get(section, {}).get(name, default)
    if not isinstance(value, str):
        raise BadConfig(path=str(home.config), reason=f"[{section}] {name} is missing or not a text")
    return value


def _truth(home: Home, table: dict[str, Any], section: str, name: str, default: bool = False) -> bool:
    value = table.get(section, {}).get(name, default)
    if not isinstance(value, bool):
        raise BadConfig(path=str(home.config), reason=f"[{section}] {name} is neither true nor false")
    return value


def _texts(home: Home, table: dict[str, Any], section: str, name: str, default: list[str]) -> list[str]:
    value = table.get(section, {}).get(name, default)
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadConfig(path=str(home.config), reason=f"[{section}] {name} is not a list of texts")
    return value


def _foreign(home: Home, table: dict[str, Any]) -> ForeignSettings:
    agreement, key = (_text(home, table, "foreign", name, "") for name in ("agreement", "key"))
    patience = table.get("foreign", {}).get("patience-seconds", PATIENCE_SECONDS)
    if type(patience) is not int or not 1 <= patience <= MOST_PATIENCE_SECONDS:
        reason = f"[foreign] patience-seconds is not a whole number from 1 to {MOST_PATIENCE_SECONDS}"
        raise BadConfig(path=str(home.config), reason=reason)
    return ForeignSettings(
        agreement=home.path / agreement if agreement else None,
        key=home.path / key if key else None,
        certificates=tuple(home.path / one for one in _texts(home, table, "foreign", "certificates", [])),
        patience_seconds=patience,
    )


def _tlog(home: Home, table: dict[str, Any]) -> LogSettings:
    witnesses = _text(home, table, "tlog", "witnesses", "")
    every = table.get("tlog", {}).get("every-seconds", EVERY_SECONDS)
    if type(every) is not int or not 1 <= every <= MOST_EVERY_SECONDS:
        raise BadConfig(
            path=str(home.config), reason=f"[tlog] every-seconds is not a whole number from 1 to {MOST_EVERY_SECONDS}"
        )
    return LogSettings(
        publish=_truth(home, table, "tlog", "publish", True),
        witnesses=home.path / witnesses if witnesses else None,
        certificates=tuple(home.path / one for one in _texts(home, table, "tlog", "certificates", [])),
        every_seconds=every,
    )


def _ceilings(home: Home, jobs: dict[str, Any]) -> Ceilings:
    said = {}
    for name, field_name in (("max-memory-mb", "memory_bytes"), ("max-traffic-mb", "traffic_bytes")):
        value = jobs.get(name)
        if value is None:
            continue
        if type(value) is not int or value < LEAST_JOB_MB:
            raise BadConfig(path=str(home.config), reason=f"[jobs] {name} is not a whole number of {LEAST_JOB_MB} or more")
        said[field_name] = value << 20
    return Ceilings(**said)
