"""Whose word a checkpoint of this log carries: which member signed it, and whether a quorum of them stands for it.

One member's log key says nothing about what all have agreed on, and on CometBFT every member has one. Only a quorum's
cosignatures make a checkpoint one of this log's, whoever shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.agreement import log_key, newest_times
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import UntrustedNoteError
from atoll.ledger.evidence.trust import policy_of_members
from atoll.ledger.note import Note, verify_note
from atoll.ledger.records import EngineKind, Key
from atoll.ledger.tlog_policy import Policy
from atoll.ledger.vkey import KeyKind, VerifierKey
from atoll.ordering.engine import View
from atoll.trust.keys import Purpose


@dataclass(frozen=True, slots=True)
class Word:
    """A checkpoint of this log, and who gave it."""

    checkpoint: Checkpoint
    """What it says."""
    signers: tuple[str, ...]
    """Members whose log key signed it."""
    agreed_by: int | None
    """By when a quorum of the members that count had cosigned it, each by its own clock, Unix seconds; None: no quorum did."""


def present_policy(view: View) -> Policy:
    """Who signs and cosigns this log's checkpoints now, and how many are a quorum. Cost: a walk over the keys in the state.

    Whoever uses it believes the node that it came from, so far as it differs from the founders' trust file.
    """
    chain_id, consensus = view.chain.chain_id, view.consensus
    logs: tuple[bytes, ...] = (consensus.log,)
    if consensus.engine is EngineKind.COMETBFT:
        counted = {one.org for one in consensus.counted()}
        keys = (one for one in view.all(Key) if one.purpose is Purpose.LOG and one.org in counted)
        logs = tuple(one.public for one in keys if one.to_height is None and one.revoked_height is None)
    return policy_of_members(chain_id, consensus, logs)


def read_word(view: View, note: Note) -> Word:
    """Who stands for a checkpoint, by every key that a member has or had: what was signed stays signed.

    Raises:
        UntrustedNoteError, NoteSignatureError, CheckpointFormatError: no member signed it, or it is no checkpoint of this log.

    Cost: a walk over the keys in the state, and one verification for each line of theirs.
    """
    chain_id, consensus = view.chain.chain_id, view.consensus
    logs: dict[VerifierKey, str] = {}
    cosigners: dict[VerifierKey, str] = {}
    for one in view.all(Key):
        if one.purpose is Purpose.LOG:
            logs[log_key(chain_id, one.public)] = one.org
        elif one.purpose is Purpose.COSIGN:
            cosigners[VerifierKey(f"{chain_id}/{one.org}", KeyKind.ED25519_COSIGNATURE, one.public)] = one.org
    verified = verify_note(note, [*logs, *cosigners])
    checkpoint = parse_checkpoint(note.text)
    signers = tuple(sorted({logs[one.key] for one in verified if one.key in logs}))
    if checkpoint.origin != chain_id or not signers:
        raise UntrustedNoteError(reason="no member has signed it as a checkpoint of this log")
    counted, quorum = {one.org for one in consensus.counted()}, consensus.quorum()
    times = sorted(time for org, time in newest_times(verified, cosigners).items() if org in counted)
    return Word(checkpoint, signers, times[quorum - 1] if len(times) >= quorum else None)
