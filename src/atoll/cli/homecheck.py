"""A home looked at without its node: what would keep it from starting."""

from __future__ import annotations

import errno
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from atoll.api.models import DoctorFinding
from atoll.cli.process import find_process, why_stopped
from atoll.cli.words import iso, size
from atoll.errors import AtollError
from atoll.ledger.genesis import verify_genesis
from atoll.ledger.records import EngineKind
from atoll.node.config import Config, load_config
from atoll.node.doctor import LEAST_FREE_BYTES
from atoll.node.home import open_home_keys
from atoll.ordering.cometbft.binary import VERSION, find_binary
from atoll.ordering.cometbft.keys import load_keys
from atoll.ports import Clock
from atoll.trust.tlskeys import verify_certificate


def check_home(home: Path, clock: Clock) -> list[DoctorFinding]:
    """Every check that can be made without a running node, good or bad; only the first if there is no configuration."""
    try:
        config = load_config(home)
    except AtollError as err:
        return [_bad("configuration", err)]
    return [DoctorFinding(check="configuration", ok=True, found=str(config.home.config)), *_checks(config, clock)]


def _checks(config: Config, clock: Clock) -> Iterator[DoctorFinding]:
    yield _try("keys", lambda: _keys(config))
    yield _try("certificate", lambda: _certificate(config, clock))
    yield _try("genesis", lambda: _genesis(config))
    yield from _consensus(config)
    yield _clock(config, clock)
    running = find_process(config.home.path)
    stopped = why_stopped(config.home.path)
    if stopped is not None:
        yield DoctorFinding(check="last end", ok=False, found=f"it stopped by itself: {stopped[0]}", remedy=stopped[1])
    for name, endpoint in (
        ("peer port", config.peer_listen),
        ("API port", config.https_listen),
        ("consensus port", config.consensus.listen if is_on_cometbft(config) else ""),
    ):
        if endpoint:
            yield _port(name, endpoint, running)
    free = shutil.disk_usage(config.home.path).free
    yield DoctorFinding(
        check="disk",
        ok=free >= LEAST_FREE_BYTES,
        found=f"{size(free)} free",
        remedy="Free space; a full disk stops acknowledgements and loses nothing.",
    )
    missing = [str(one) for one in config.folders if not one.is_dir()]
    yield DoctorFinding(
        check="data folders",
        ok=not missing,
        found="missing: " + ", ".join(missing) if missing else ", ".join(map(str, config.folders)),
        remedy="Correct [data] folders in atoll.toml.",
    )


def _keys(config: Config) -> str:
    return f"{len(open_home_keys(config))} keys open"


def _certificate(config: Config, clock: Clock) -> str:
    verify_certificate(config.home.certificate.read_bytes(), organisation=config.org, now=clock.now())
    return "in force, and of this organisation"


def _genesis(config: Config) -> str:
    genesis, digest = verify_genesis(config.home.genesis.read_bytes())
    return f"{genesis.chain_id} on {genesis.engine}, {digest.hex()[:16]}..., signed by {len(genesis.founders)} founders"


def is_on_cometbft(config: Config) -> bool:
    """Whether this home's ledger runs on CometBFT; false where it has none yet."""
    try:
        return verify_genesis(config.home.genesis.read_bytes())[0].engine is EngineKind.COMETBFT
    except (OSError, AtollError):
        return False


def _cometbft(config: Config) -> str:
    keys = load_keys(config.home.cometbft)
    return f"CometBFT {VERSION} at {find_binary()}; consensus key {keys.public.hex()[:16]}..., node {keys.node_id}"


def _consensus(config: Config) -> Iterator[DoctorFinding]:
    """What a ledger on CometBFT needs of this home."""
    if is_on_cometbft(config):
        yield _try("cometbft", lambda: _cometbft(config))


def _clock(config: Config, clock: Clock) -> DoctorFinding:
    try:
        least = verify_genesis(config.home.genesis.read_bytes())[0].time
    except (OSError, AtollError):
        least = int(config.home.config.stat().st_mtime)
    return DoctorFinding(
        check="clock",
        ok=clock.now() >= least,
        found=f"{iso(clock.now())}; this consortium or home is of {iso(least)}",
        remedy="Set the clock, best by NTP: members refuse times more than 5 s off their own.",
    )


def _port(name: str, endpoint: str, running: int | None) -> DoctorFinding:
    if running is not None:
        return DoctorFinding(check=name, ok=True, found=f"{endpoint}, held by the node (process {running})")
    host, _, port = endpoint.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, OverflowError, ValueError) as err:
            taken = isinstance(err, OSError) and err.errno == errno.EADDRINUSE
            found = f"{endpoint} is {'in use by another process' if taken else 'no address of this machine'}"
            return DoctorFinding(
                check=name, ok=False, found=found, remedy="Choose another in atoll.toml, and tell the members of it."
            )
    return DoctorFinding(check=name, ok=True, found=f"{endpoint} is free")


def _try(name: str, look: Callable[[], str]) -> DoctorFinding:
    try:
        return DoctorFinding(check=name, ok=True, found=look())
    except AtollError as err:
        return _bad(name, err)
    except OSError as err:
        remedy = (
            "`atoll consortium found install` or `atoll consortium enrol` brings it."
            if name == "genesis"
            else "Restore it from your copy."
        )
        return DoctorFinding(check=name, ok=False, found=f"{err.filename}: {err.strerror}", remedy=remedy)


def _bad(name: str, err: AtollError) -> DoctorFinding:
    return DoctorFinding(check=name, ok=False, found=str(err), remedy=err.remedy)
