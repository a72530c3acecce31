"""Verifying a proof of logging or a snapshot with a trust file, for `atoll evidence verify`: no node, no network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atoll.cli.errors import TrustFileInstead
from atoll.cli.files import read_bytes, read_text
from atoll.cli.reply import Fields, Reply
from atoll.cli.words import iso
from atoll.errors import AtollError
from atoll.ledger import records
from atoll.ledger.claims import EntryFinding, RecordFinding, verify_claim
from atoll.ledger.errors import PolicyFormatError
from atoll.ledger.evidence import parse_trust_file, verify_members
from atoll.ledger.evidence.errors import TrustFileError
from atoll.ledger.snapshot import parse_snapshot, verify_snapshot
from atoll.ledger.tlog_policy import Policy, VerifiedCheckpoint, parse_policy
from atoll.ledger.tlog_proof import parse_log_proof
from atoll.ledger.transaction import parse_transaction
from atoll.primitives.merkle import leaf_hash
from atoll.wire.message import parse_message
from atoll.wire.plain import to_plain

UNPROVEN = "\nWho cosigned is as the trust file says. Times are those of the cosigners' own clocks."


def read_evidence(path: Path) -> bytes:
    """A file that is to be verified.

    Raises:
        FileUnusable: it cannot be read. TrustFileInstead: it is what others are verified with.
    """
    data = read_bytes(path)
    try:
        parse_policy(data)
    except PolicyFormatError:
        return data
    raise TrustFileInstead(path=path)


def verify_proof(data: bytes, trust: Path, entry: Path | None, members: Path | None = None) -> Reply:
    """Verify a .tlog-proof file; what does not hold is bad news, not an exception."""
    leaf = leaf_hash(read_bytes(entry)) if entry is not None else None
    known = _load(trust, members)
    try:
        policy = known()
        found = verify_claim(parse_log_proof(data), policy, leaf=leaf)
    except AtollError as err:
        return _refused(err)
    return _record(found) if isinstance(found, RecordFinding) else _entry(found)


def verify_state(data: bytes, trust: Path, members: Path | None = None) -> Reply:
    """Verify a snapshot."""
    known = _load(trust, members)
    try:
        policy = known()
        found = verify_snapshot(parse_snapshot(data), policy)
    except AtollError as err:
        return _refused(err)
    value = {"verified": True, "kind": "snapshot", "height": found.height, "time": found.time, "records": found.records}
    pairs = [("state", f"{found.records} records after block {found.height}, {iso(found.time)}")]
    value["state_root"] = found.state_root.hex()
    return _answer(value, [*pairs, ("state root", found.state_root.hex())], found.checkpoint)


def _entry(found: EntryFinding) -> Reply:
    value: dict[str, Any] = {"verified": True, "kind": "entry", "index": found.index}
    pairs = [("entry", str(found.index))]
    if found.data is not None:
        value |= {"digest": hashlib.sha256(found.data).hexdigest(), "entry": found.data.hex()}
        pairs.append(("digest", value["digest"]))
        try:
            transaction = parse_transaction(found.data)[1]
        except AtollError:
            pass  # a summary, the genesis, or something that was refused as malformed
        else:
            value |= {"type": transaction.type, "sender": transaction.sender, "body": to_plain(dict(transaction.body))}
            pairs.append(("transaction", f"{transaction.type}, sent as {transaction.sender}"))
    return _answer(value, pairs, found.checkpoint)


def _record(found: RecordFinding) -> Reply:
    namespace, _, identifier = found.key.partition(b"\0")
    name = f"{namespace.decode('utf-8', 'replace')}/{identifier.decode('utf-8', 'replace')}"
    value = {
        "verified": True,
        "kind": "record",
        "record": name,
        "present": found.value is not None,
        "value": _plain(namespace, found.value) if found.value is not None else None,
        "height": found.height,
        "time": found.time,
    }
    what = (
        "there was none"
        if found.value is None
        else f"{len(found.value)} bytes, SHA-256 {hashlib.sha256(found.value).hexdigest()}"
    )
    when = f"{found.height}, {iso(found.time)}"
    return _answer(value, [("record", name), ("it said", what), ("after block", when)], found.checkpoint)


def _plain(namespace: bytes, value: bytes) -> Any:
    for kind in vars(records).values():
        if isinstance(kind, type) and issubclass(kind, records.Record) and kind.NAMESPACE.encode() == namespace:
            try:
                return to_plain(parse_message(value, kind))
            except AtollError:
                break
    return value.hex()  # of rules that this version does not know


def _answer(value: dict[str, Any], pairs: list[tuple[str, str]], verified: VerifiedCheckpoint) -> Reply:
    checkpoint = verified.checkpoint
    value |= {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "cosigned": dict(verified.cosigned),
    }
    pairs.append(("checkpoint", f"{checkpoint.origin}, {checkpoint.size} entries"))
    pairs += [("cosigned by", f"{name}, {iso(at)}") for name, at in verified.cosigned]
    return Reply(value, ["Verified.", Fields(pairs), UNPROVEN])


def _refused(err: AtollError) -> Reply:
    value = {"verified": False, "code": err.code, "message": str(err)}
    return Reply(value, ["Not verified."], exit_code=err.exit_code, error=str(err), hint=err.remedy, code=err.code)


def _load(trust: Path, members: Path | None) -> Callable[[], Policy]:
    """Whom to believe: those in the trust file, or those to whom it leads; the call says which, and raises EvidenceError where
    it leads to nobody.

    Raises:
        TrustFileError: the file cannot be used.
    """
    if members is not None:
        founders, data = parse_trust_file(read_text(trust)), read_bytes(members)
        return lambda: verify_members(data, founders).policy
    policy = parse_policy(read_bytes(trust))
    if not policy.needs_witnesses:
        raise TrustFileError(reason="its quorum is `none`, so that a log could show everybody another history")
    return lambda: policy
