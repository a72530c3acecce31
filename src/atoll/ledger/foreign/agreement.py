"""The agreement between consortia: whose word counts for what each of their ledgers holds. One file, the same bytes everywhere.

    key-id = "5f0c..."              which key fingerprints are made with (`derive_key_id`); never the key itself
    policy-age-seconds = 600        what was cosigned longer ago proves nothing
    interval-seconds = 20           a checkpoint is cosigned afresh at least so often
    skew-seconds = 10               by how much honest clocks differ at most

    [[consortium]]
    origin = "west.example/bay"     name of its ledger
    urls = ["https://node.west.example:8443/tlog"]
    logs = ["west.example/bay+..."]                      signs its checkpoints
    members = ["west.example/bay/bank+...", ...]         of these at least `members-quorum` cosigned them
    members-quorum = 2
    outsiders = ["witness.east.example+...", ...]        of these `outsiders-quorum`; their clocks decide who was first
    outsiders-quorum = 1
    validators = ["9f86...", ...]                        consensus keys, for headers of CometBFT

More than half of each list must be needed, so that two quorums share at least one of it; that this one is honest is what people
answer for. Of n outsiders with a quorum of q, 2q - n - 1 may lie: none of three with two, one of four with three. The digest
stands on every ledger that follows it, so two consortia that read different rules refuse one another, and never come to
different ends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from atoll.errors import AtollError
from atoll.ledger.foreign.errors import BadAgreement, UnknownConsortium
from atoll.ledger.records import ForeignClaims, ForeignTerms
from atoll.ledger.vkey import KeyKind, VerifierKey, parse_vkey

MAX_AGREEMENT_BYTES = 1 << 18
MOST_CONSORTIA = 17
"""This one and sixteen others."""
MOST_KEYS = 64
MOST_URLS = 8
LONGEST_WAIT = 900
KEY_ID_BYTES = 16
_TOP = {"key-id", "policy-age-seconds", "interval-seconds", "skew-seconds", "consortium"}
_EACH = {"origin", "urls", "logs", "members", "members-quorum", "outsiders", "outsiders-quorum", "validators"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """Whose word counts for one ledger."""

    origin: str
    """Name of the ledger; origin line of its checkpoints, chain id of its headers."""
    urls: tuple[str, ...]
    """Where its nodes answer; none is trusted."""
    logs: tuple[VerifierKey, ...]
    """Keys that sign its checkpoints."""
    members: tuple[VerifierKey, ...]
    """Its own members' keys for cosignatures."""
    members_quorum: int
    outsiders: tuple[VerifierKey, ...]
    """Witnesses that do not belong to it."""
    outsiders_quorum: int
    validators: tuple[bytes, ...]
    """Consensus keys, one vote each."""

    @property
    def outsiders_to_spare(self) -> int:
        """How many outsiders may lie, together with the whole consortium, before it can show two histories: two quorums share
        2q - n of n, and one of these must be honest."""
        return max(2 * self.outsiders_quorum - len(self.outsiders) - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A whole agreement."""

    digest: bytes
    """SHA-256 of the file."""
    key_id: bytes
    policy_age_seconds: int
    interval_seconds: int
    skew_seconds: int
    consortia: tuple[Consortium, ...]
    """Sorted by origin."""

    @property
    def wait_seconds(self) -> int:
        """How much later than a reservation was witnessed, a proof of absence must be cosigned."""
        return 2 * self.interval_seconds + self.skew_seconds

    def of(self, origin: str) -> Consortium:
        """The consortium.

        Raises:
            UnknownConsortium: the agreement does not name it.
        """
        for one in self.consortia:
            if one.origin == origin:
                return one
        raise UnknownConsortium(origin=origin)

    def is_followed_by(self, origin: str, claims: ForeignClaims) -> bool:
        """Whether a ledger has opened the check with this agreement's digest, and with what stands in it. Raises as `of`."""
        terms = self.terms(origin)
        found = (claims.agreement, claims.key_id, claims.origins, claims.wait_seconds)
        return found == (terms.agreement, terms.key_id, terms.origins, terms.wait_seconds)

    def terms(self, origin: str) -> ForeignTerms:
        """What the members of one consortium decide on. Raises as `of`."""
        return ForeignTerms(
            agreement=self.digest,
            key_id=self.key_id,
            origins=tuple(one.origin for one in self.others(origin)),
            wait_seconds=self.wait_seconds,
        )

    def others(self, origin: str) -> tuple[Consortium, ...]:
        """All but this one. Raises UnknownConsortium where it is none of them."""
        return tuple(one for one in self.consortia if one is not self.of(origin))


def parse_agreement(data: bytes) -> Agreement:
    """The agreement in a file.

    Raises:
        BadAgreement: not such a file, or a quorum in it that does not protect.
    """
    if len(data) > MAX_AGREEMENT_BYTES:
        raise BadAgreement(reason=f"it has more than {MAX_AGREEMENT_BYTES} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadAgreement(reason="it is not TOML") from err
    _need_known(table, _TOP, "the file")
    listed = table.get("consortium")
    if not isinstance(listed, list) or not 2 <= len(listed) <= MOST_CONSORTIA:
        raise BadAgreement(reason=f"it does not name 2 to {MOST_CONSORTIA} consortia")
    consortia = tuple(_consortium(one) for one in listed)
    origins = [one.origin for one in consortia]
    if origins != sorted(set(origins)):
        raise BadAgreement(reason="the consortia are not sorted by origin, or not different")
    agreement = Agreement(
        digest=sha256(data).digest(),
        key_id=_hex(table.get("key-id"), "key-id", KEY_ID_BYTES),
        policy_age_seconds=_number(table, "policy-age-seconds", 1, 86_400),
        interval_seconds=_number(table, "interval-seconds", 1, LONGEST_WAIT),
        skew_seconds=_number(table, "skew-seconds", 0, LONGEST_WAIT),
        consortia=consortia,
    )
    if not agreement.wait_seconds <= min(LONGEST_WAIT, agreement.policy_age_seconds):
        raise BadAgreement(reason=f"two intervals and the skew are more than the policy age, or than {LONGEST_WAIT} seconds")
    return agreement


def _consortium(table: object) -> Consortium:
    if not isinstance(table, dict):
        raise BadAgreement(reason="a consortium is not a section")
    _need_known(table, _EACH, "a consortium")
    origin = table.get("origin")
    if not isinstance(origin, str) or not 0 < len(origin) <= 64:
        raise BadAgreement(reason="a consortium has no origin")
    logs = _keys(table, "logs", KeyKind.ED25519)
    members = _keys(table, "members", KeyKind.ED25519_COSIGNATURE)
    outsiders = _keys(table, "outsiders", KeyKind.ED25519_COSIGNATURE)
    validators = tuple(_hex(one, "validators", 32) for one in _texts(table, "validators", MOST_KEYS))
    found = Consortium(
        origin=origin,
        urls=_texts(table, "urls", MOST_URLS),
        logs=logs,
        members=members,
        members_quorum=_quorum(table, "members", len(members)),
        outsiders=outsiders,
        outsiders_quorum=_quorum(table, "outsiders", len(outsiders)),
        validators=validators,
    )
    publics = [one.public for one in (*logs, *members, *outsiders)]
    if len(set(publics)) != len(publics) or len(set(validators)) != len(validators):
        raise BadAgreement(reason=f"one key stands twice for {origin}")
    if any(one.name != origin for one in logs):
        raise BadAgreement(reason=f"a log key of {origin} has another name")
    if bool(logs) != bool(outsiders):
        raise BadAgreement(reason=f"checkpoints of {origin} need log keys and outsiders, or neither")
    if not outsiders and not validators:
        raise BadAgreement(reason=f"nobody vouches for {origin}")
    return found


def _need_known(table: Mapping[str, Any], known: set[str], what: str) -> None:
    for name in sorted(set(table) - known):
        raise BadAgreement(reason=f"{what} knows no {name}")


def _texts(table: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) and one for one in value):
        raise BadAgreement(reason=f"{name} is not a list of at most {most} texts")
    return tuple(value)


def _keys(table: Mapping[str, Any], name: str, kind: KeyKind) -> tuple[VerifierKey, ...]:
    try:
        keys = tuple(parse_vkey(one) for one in _texts(table, name, MOST_KEYS))
    except AtollError as err:
        raise BadAgreement(reason=f"a key among {name} cannot be read") from err
    if any(one.kind is not kind for one in keys):
        raise BadAgreement(reason=f"a key among {name} is of another kind")
    return keys


def _quorum(table: Mapping[str, Any], name: str, count: int) -> int:
    quorum = table.get(f"{name}-quorum", 0)
    if type(quorum) is not int or not (count < 2 * quorum <= 2 * count if count else quorum == 0):
        raise BadAgreement(reason=f"{name}-quorum is not more than half of them, or more than all")
    return quorum


def _number(table: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = table.get(name)
    if type(value) is not int or not least <= value <= most:
        raise BadAgreement(reason=f"{name} is not a whole number from {least} to {most}")
    return value


def _hex(value: object, name: str, length: int) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != length:
        raise BadAgreement(reason=f"{name} has not {length} bytes in hexadecimal")
    return data
