"""A witness's home folder, and what its settings say.

HOME/witness.toml    settings                         HOME/witness.sqlite   what it has cosigned, and contradictions
HOME/logs/*.policy   whose checkpoints it cosigns     HOME/tls.der          certificate of its own listener
HOME/keys.atoll      keystore, encrypted, 0600        HOME/witness.vkey     its public key in one line, to be handed out
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.errors import PolicyFormatError
from atoll.ledger.tlog_policy import Policy, encode_policy, parse_policy
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey, is_key_name
from atoll.ports import Clock, Entropy
from atoll.storage.durable import write_durably
from atoll.storage.keyfile import load_keystore, save_keystore
from atoll.storage.passphrase import read_passphrase
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.keystore import open_keys, seal_keys
from atoll.trust.signer import SoftwareSigner, signing
from atoll.trust.tlskeys import TlsKey, create_tls_key
from atoll.witness.errors import BadWitnessConfig, NoWitness, WitnessExists
from atoll.witness.store import WitnessStore

COSIGN_LABEL = "witness/cosign"
TLS_LABEL = "witness/tls"
TLS_TTL_SECONDS = 5 * 365 * 86_400

_CONFIG = """\
# Witness {name}. It cosigns what the policies in logs/ name; `atoll witness show` says what it has seen.

[witness]
name = "{name}"
# Where logs submit their checkpoints: POST <prefix>/add-checkpoint
listen = "{listen}"
prefix = ""
# false: plain HTTP, behind a proxy that terminates TLS. Cosignatures are signed either way.
tls = {tls}
"""
_POLICY_HEAD = "# Cosigned: the checkpoints of this log that the quorum below stands for.\n"


@dataclass(frozen=True, slots=True)
class WitnessHome:
    """Paths inside a witness's home."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "witness.toml"

    @property
    def policies(self) -> Path:
        """A folder: one tlog-policy a log, each with its own quorum."""
        return self.path / "logs"

    @property
    def keys(self) -> Path:
        return self.path / "keys.atoll"

    @property
    def store(self) -> Path:
        return self.path / "witness.sqlite"

    @property
    def certificate(self) -> Path:
        return self.path / "tls.der"

    @property
    def vkey(self) -> Path:
        return self.path / "witness.vkey"

    @property
    def passphrase_file(self) -> Path:
        return self.path / "passphrase"


@dataclass(frozen=True, slots=True)
class WitnessConfig:
    """What `witness.toml` says."""

    name: str
    """Name of its key in cosignatures."""
    host: str
    port: int
    prefix: str
    """Path before `/add-checkpoint`; empty, or `/` and words."""
    tls: bool
    """Whether it terminates TLS itself."""

    @property
    def url(self) -> str:
        """What stands in a policy behind its key."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.prefix}"


@dataclass(frozen=True, slots=True)
class WitnessKeys:
    """Its opened keys."""

    cosign: VerifierKey
    """Public half, type 0x04."""
    sign: Callable[[bytes], bytes]
    tls: TlsKey


def create_witness(
    home: WitnessHome, *, name: str, listen: str, tls: bool, policies: Sequence[Policy], clock: Clock, entropy: Entropy
) -> VerifierKey:
    """Make a home; the passphrase comes from where `read_passphrase` finds it.

    Args:
        home: the folder; made if it is not there.
        name: of its key, such as `north.example/witness`.
        listen: host:port.
        tls: see `WitnessConfig`.
        policies: their logs are the ones to cosign for, each with the quorum that its policy asks for.
        clock: dates the certificate.
        entropy: makes the keys.

    Raises:
        WitnessExists: there is one. BadWitnessConfig: a word cannot be used, or two policies name one log.
    """
    if home.config.exists() or home.store.exists():
        raise WitnessExists(path=home.path)
    if not is_key_name(name):
        raise BadWitnessConfig(path=home.config, reason=f"{name!r} cannot name a key")
    host, _ = _endpoint(home, listen)
    chosen = _need_one_a_log(home, list(dict.fromkeys(policies)))
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.policies.mkdir(exist_ok=True)
    secret = SecretKey.generate(Purpose.COSIGN, entropy)
    hosts = sorted({"localhost", "127.0.0.1", host})
    subject = f"witness-{secret.public.data.hex()[:16]}"  # of two trusted certificates of one subject OpenSSL would see one
    own = create_tls_key(subject, clock=clock, entropy=entropy, hosts=hosts, ttl_seconds=TLS_TTL_SECONDS)
    passphrase = read_passphrase(home.passphrase_file).decode()
    save_keystore(home.keys, seal_keys({COSIGN_LABEL: secret, TLS_LABEL: own}, passphrase, entropy))
    key = VerifierKey(name, KeyKind.ED25519_COSIGNATURE, secret.public.data)
    home.certificate.write_bytes(own.certificate)
    home.vkey.write_text(encode_vkey(key) + "\n", "utf-8")
    for number, policy in enumerate(chosen, start=1):
        (home.policies / f"{number}.policy").write_text(_POLICY_HEAD + encode_policy(policy).decode(), "utf-8")
    WitnessStore(home.store).close()  # from now on one that is missing is one that was lost
    write_durably(home.config, [_CONFIG.format(name=name, listen=listen, tls=str(tls).lower()).encode()])
    return key


def load_witness_config(home: WitnessHome) -> WitnessConfig:
    """Read the settings.

    Raises:
        NoWitness: there are none. BadWitnessConfig: a key or value is unknown or wrong.
    """
    try:
        table = tomllib.loads(home.config.read_text("utf-8"))
    except FileNotFoundError as err:
        raise NoWitness(path=home.path, reason="it holds no witness.toml") from err
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadWitnessConfig(path=home.config, reason=str(err)) from err
    match table:
        case {
            "witness": {
                "name": str() as name,
                "listen": str() as listen,
                "prefix": str() as prefix,
                "tls": bool() as tls,
                **more,
            },
            **others,
        } if not more and not others and is_key_name(name) and _is_prefix(prefix):
            return WitnessConfig(name, *_endpoint(home, listen), prefix, tls)
    raise BadWitnessConfig(path=home.config, reason="[witness] has name, listen, prefix and tls, and nothing else")


def load_witness_policies(home: WitnessHome) -> list[Policy]:
    """Whose checkpoints it cosigns, and which quorum each needs.

    Raises:
        BadWitnessConfig: a file cannot be read, or two of them name one log.
    """
    policies = []
    for path in sorted(home.policies.glob("*.policy")):
        try:
            policies.append(parse_policy(path.read_bytes()))
        except (OSError, PolicyFormatError) as err:
            raise BadWitnessConfig(path=path, reason=str(err).rstrip(".")) from err
    return _need_one_a_log(home, policies)


def open_witness_keys(home: WitnessHome, config: WitnessConfig) -> WitnessKeys:
    """Open the keystore.

    Raises:
        KeystoreMissing, KeystoreLocked, PassphraseMissing: it cannot be opened.
    """
    keys = open_keys(load_keystore(home.keys), read_passphrase(home.passphrase_file).decode())
    secret, tls = keys[COSIGN_LABEL], keys[TLS_LABEL]
    assert isinstance(secret, SecretKey)
    assert isinstance(tls, TlsKey)
    key = VerifierKey(config.name, KeyKind.ED25519_COSIGNATURE, secret.public.data)
    return WitnessKeys(key, signing(SoftwareSigner(keys), COSIGN_LABEL), tls)


def _need_one_a_log(home: WitnessHome, policies: Sequence[Policy]) -> list[Policy]:
    """The policies, of which no two name one log; and where several keys sign one log, a quorum stands for it."""
    names: set[str] = set()
    for policy in policies:
        own = [one.key.name for one in policy.logs]
        if not policy.needs_witnesses and len(set(own)) < len(own):
            raise BadWitnessConfig(path=home.policies, reason="several keys sign one log, and its quorum is `none`")
        if names & set(own):
            raise BadWitnessConfig(path=home.policies, reason=f"two policies name {min(names & set(own))}")
        names |= set(own)
    return list(policies)


def _endpoint(home: WitnessHome, listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadWitnessConfig(path=home.config, reason=f"{listen!r} is not host:port")
    return host.strip("[]"), int(port)


def _is_prefix(prefix: str) -> bool:
    return not prefix or (prefix.startswith("/") and not prefix.endswith("/") and prefix.isascii() and prefix.isprintable())
