"""The trust file: which logs to believe, and whose cosignatures make a checkpoint good.

    log example.com/log+...
    witness north north.example/w+...
    witness south south.example/w+...
    group both all north south
    quorum both

A group is witnessed when enough of its members are; members are witnesses or groups of earlier lines, each in one group at
most, so no key counts twice. A signed root without witnesses does not stop a split view, so `quorum none` is for tests only:
production code asks `needs_witnesses` first. Source: C2SP tlog-policy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import PolicyFormatError, QuorumError, UntrustedNoteError, VerifierKeyError
from atoll.ledger.note import Note, verify_note
from atoll.ledger.note_fields import parse_number
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey, parse_vkey

MAX_POLICY_BYTES = 1 << 20
MAX_MEMBERS = 256
"""Most logs, most witnesses, and most groups; C2SP asks for 32 at least."""
NO_QUORUM = "none"

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Log:
    """A log to believe."""

    key: VerifierKey
    """Its key; the key's name is the log's origin."""
    url: str = ""
    """Where it is served; empty where no one needs to know."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under its name in this file, which means nothing outside."""

    name: str
    key: VerifierKey
    """A cosigner's key; a plain Ed25519 key in the file stands for the cosigner key made from it."""
    url: str = ""
    """Where to submit checkpoints to; may be empty."""


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which `threshold` must have witnessed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A whole trust file. Make one with `parse_policy` or `make_policy`, which check its rules."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    """In an order in which members come before the groups they are in."""
    quorum: str
    """A witness, a group, or NO_QUORUM."""

    @property
    def needs_witnesses(self) -> bool:
        """Whether a checkpoint needs any cosignature at all."""
        return self.quorum != NO_QUORUM

    def is_quorum(self, witnesses: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the file, are enough."""
        if not self.needs_witnesses:
            return True
        reached = {witness.name for witness in self.witnesses if witness.name in witnesses}
        for group in self.groups:
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that a trust file makes good."""

    checkpoint: Checkpoint
    """The log's state."""
    cosigned: tuple[tuple[str, int], ...]
    """Witness names of the trust file with the latest time each gave, Unix seconds; ordered by name."""


def verify_checkpoint(note: Note, policy: Policy, *, extension_lines: bool = False) -> VerifiedCheckpoint:
    """Check a checkpoint against a trust file: one of its logs signed, and a quorum of its witnesses cosigned.

    Args:
        note: from anybody.
        policy: from the verifier, never from who sent the note.
        extension_lines: as in `parse_checkpoint`.

    Returns:
        The checkpoint; how fresh the cosignatures must be is the caller's question.

    Raises:
        NoteSignatureError: a known key's signature does not hold.
        UntrustedNoteError: none of the file's logs signed, or another one than the origin names.
        CheckpointFormatError: the note is no checkpoint.
        QuorumError: too few witnesses cosigned.
    """
    log_keys = [log.key for log in policy.logs]
    witness_names = {witness.key: witness.name for witness in policy.witnesses}
    verified = verify_note(note, [*log_keys, *witness_names])
    checkpoint = parse_checkpoint(note.text, extension_lines=extension_lines)
    if not any(signature.key in log_keys and signature.key.name == checkpoint.origin for signature in verified):
        raise UntrustedNoteError(reason=f"no trusted log key of {checkpoint.origin!r} signed it")
    cosigned: dict[str, int] = {}
    for signature in verified:
        if signature.key in witness_names and signature.timestamp is not None:
            name = witness_names[signature.key]
            cosigned[name] = max(cosigned.get(name, 0), signature.timestamp)
    if not policy.is_quorum(cosigned):
        cosigners = ", ".join(sorted(cosigned)) or "nobody"
        raise QuorumError(origin=checkpoint.origin, size=checkpoint.size, cosigners=cosigners)
    return VerifiedCheckpoint(checkpoint, tuple(sorted(cosigned.items())))


# -- the file ------------------------------------------------------------------------------------------------------------------


def encode_policy(policy: Policy) -> bytes:
    """The trust file; `parse_policy` gives the same policy back."""
    rows: list[tuple[str, ...]] = [("log", encode_vkey(log.key), log.url) for log in policy.logs]
    rows += [("witness", witness.name, encode_vkey(witness.key), witness.url) for witness in policy.witnesses]
    rows += [("group", group.name, str(group.threshold), *group.members) for group in policy.groups]
    rows += [("quorum", policy.quorum)]
    return "".join(" ".join(filter(None, row)) + "\n" for row in rows).encode("utf-8", "surrogateescape")


def make_policy(logs: Iterable[Log], witnesses: Iterable[Witness], groups: Iterable[Group], quorum: str) -> Policy:
    """A policy from its parts, held to the file's rules.

    Raises:
        PolicyFormatError: a rule is broken; the line is that of the file it would be.
    """
    return parse_policy(
        encode_policy(Policy(logs=tuple(logs), witnesses=tuple(witnesses), groups=tuple(groups), quorum=quorum))
    )


def parse_policy(data: bytes) -> Policy:
    """The policy in a trust file.

    Args:
        data: at most MAX_POLICY_BYTES; the last line ends with a newline like every other, so that a cut file is noticed.

    Raises:
        PolicyFormatError: the file breaks a rule; `.line` counts from 1.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyFormatError(line=1, reason=f"the file has more than {MAX_POLICY_BYTES} bytes")
    builder = _Builder()
    lines = data.split(b"\n")
    if lines.pop():
        raise PolicyFormatError(line=len(lines) + 1, reason="it does not end with a newline")
    for number, line in enumerate(lines, start=1):
        if _FORBIDDEN.search(line):
            raise PolicyFormatError(line=number, reason="it holds a control character")
        builder.line = number
        # Names are opaque octets in this format, so what is not UTF-8 must survive unchanged.
        items = re.findall(r"[^ \t]+", line.decode("utf-8", "surrogateescape"))
        comment = next((at for at, item in enumerate(items) if item.startswith("#")), len(items))
        if items[:comment]:
            builder.add(items[0], items[1:comment])
    builder.line = max(len(lines), 1)
    return builder.finish()


class _Builder:
    """Takes the lines of a trust file one after another and holds them to its rules."""

    def __init__(self) -> None:
        self.line = 1
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self.keys: set[bytes] = set()
        self.names: set[str] = {NO_QUORUM}
        self.members: set[str] = {NO_QUORUM}

    def add(self, keyword: str, items: list[str]) -> None:
        match keyword, items:
            case "log", [vkey, *url] if len(url) <= 1:
                self._need_room(self.logs)
                key = self._key(vkey)
                if key.kind is not KeyKind.ED25519:
                    raise self._wrong("a log signs with a key of type 0x01")
                self.logs.append(Log(key, *url))
            case "witness", [name, vkey, *url] if len(url) <= 1:
                self._need_room(self.witnesses)
                self._define(name)
                self.witnesses.append(Witness(name, self._key(vkey).as_cosigner(), *url))
            case "group", [name, threshold, *members] if members:
                self._need_room(self.groups)
                self._add_group(name, threshold, members)
            case "quorum", [name]:
                if self.quorum is not None:
                    raise self._wrong("there is a quorum already")
                if name not in self.names:
                    raise self._wrong(f"{name!r} is not defined above")
                self.quorum = name
            case _:
                raise self._wrong("it is not a log, witness, group or quorum line")

    def finish(self) -> Policy:
        if self.quorum is None:
            raise self._wrong("the file ends without a quorum line")
        return Policy(logs=tuple(self.logs), witnesses=tuple(self.witnesses), groups=tuple(self.groups), quorum=self.quorum)

    def _add_group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self.names:
                raise self._wrong(f"{member!r} is not defined above")
            if member in self.members:
                raise self._wrong(f"{member!r} cannot be a member, or not once more")
            self.members.add(member)
        self._define(name)
        needed = {"any": 1, "all": len(members)}.get(threshold, parse_number(threshold))
        if needed is None or not 1 <= needed <= len(members):
            raise self._wrong(f"{threshold!r} is not any, all or a number from 1 to {len(members)}")
        self.groups.append(Group(name, needed, tuple(members)))

    def _define(self, name: str) -> None:
        if name in self.names:
            raise self._wrong(f"{name!r} is defined already")
        self.names.add(name)

    def _key(self, vkey: str) -> VerifierKey:
        try:
            key = parse_vkey(vkey)
        except VerifierKeyError as err:
            raise self._wrong(str(err)) from err
        # One key under two names would be counted twice; a log must not be its own witness.
        if key.public in self.keys:
            raise self._wrong("its key is used above")
        self.keys.add(key.public)
        return key

    def _need_room(self, taken: Collection[object]) -> None:
        if len(taken) >= MAX_MEMBERS:
            raise self._wrong(f"there are more than {MAX_MEMBERS} of its kind")

    def _wrong(self, reason: str) -> PolicyFormatError:
        return PolicyFormatError(line=self.line, reason=reason)
