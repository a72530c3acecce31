"""Who counts now, proved from the founders on: with it, and the trust file of the founding, proofs of logging and snapshots of
today verify, though every key may be another by now.

The file is evidence like any other: genesis, steps from one set of members to the next, the newest checkpoint. On CometBFT,
where each member signs checkpoints, their keys for that are in it as well; an embedded ledger's state names the sequencer's.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.evidence.anchor import Anchor
from atoll.ledger.evidence.anchored import AnchoredExport
from atoll.ledger.evidence.bundle import encode_bundle, parse_bundle
from atoll.ledger.evidence.errors import EvidenceError, NotExportable
from atoll.ledger.evidence.history import EvidenceSource
from atoll.ledger.evidence.parts import reason
from atoll.ledger.evidence.trust import TrustFile, policy_of_members
from atoll.ledger.records import ConsensusSet, EngineKind, Key, KeyPointer, record_key
from atoll.ledger.tlog_policy import Policy
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message


@dataclass(frozen=True, slots=True)
class MembersFinding:
    """Who counts."""

    policy: Policy
    """Their keys and quorum: verifies what they cosigned while it was so."""
    height: int
    """Block after which it was so."""
    time: int
    """That block's time, Unix seconds."""
    steps: int
    """How often it has changed since the founding."""


def export_members(source: EvidenceSource) -> bytes:
    """The file about the newest agreed block.

    Raises:
        NotExportable: a change cannot be shown, because no seal of its time was kept.

    Cost: one replay of the ledger, if who counts has changed and all states since are not in memory (`chain.HISTORY_HEIGHTS`).
    """
    work = _Export(source)
    data = encode_bundle(work.entries())
    try:
        verify_members(data, work.trust())
    except EvidenceError as err:
        raise NotExportable(reason=reason(err)) from err
    return data


def verify_members(data: bytes, trust: TrustFile) -> MembersFinding:
    """Verify such a file from the trust file alone.

    Args:
        data: from anybody.
        trust: from a founder; never from where the file came from.

    Raises:
        EvidenceError: what does not hold or is missing, and in which entry.
    """
    bundle = parse_bundle(data)
    anchor = Anchor(bundle, trust)
    members, top = anchor.standing, anchor.top.summary
    policy = policy_of_members(anchor.chain.chain_id, members, _log_keys(anchor, members))
    bundle.need_all_read()
    return MembersFinding(policy, top.height, top.time, anchor.steps)


class _Export(AnchoredExport):
    def __init__(self, source: EvidenceSource) -> None:
        super().__init__(source)
        tree = self._history.tree(self.top)
        for org in _signers(parse_message(tree.get(record_key(ConsensusSet, "0")) or b"", ConsensusSet)):
            pointer = self.show(KeyPointer, f"{org}/{Purpose.LOG}", self.top, tree)
            if pointer is not None:
                version = parse_message(pointer, KeyPointer).version
                self.show(Key, f"{org}/{Purpose.LOG}/{version}", self.top, tree)


def _signers(members: ConsensusSet) -> tuple[str, ...]:
    """Who signs checkpoints beside the sequencer that the set names."""
    return tuple(one.org for one in members.counted()) if members.engine is EngineKind.COMETBFT else ()


def _log_keys(anchor: Anchor, members: ConsensusSet) -> tuple[bytes, ...]:
    if members.engine is EngineKind.EMBEDDED:
        return (members.log,)
    found = []
    height = anchor.top.summary.height
    for org in _signers(members):
        pointer, _ = anchor.record(KeyPointer, f"{org}/{Purpose.LOG}", height)
        key, _ = anchor.record(Key, f"{org}/{Purpose.LOG}/{pointer.version}", height)
        if key.revoked_height is None:
            found.append(key.public)
    return tuple(found)
