"""Headers over an application's blocks with votes for them, and a CometBFT that answers with these."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from atoll.ledger.light import ABSENT, BlockId, Commit, CommitSig, Header, ValidatorSet, Vote, make_validator_set
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.rpc import Rpc, Status
from atoll.ordering.errors import ValidatorRefused
from atoll.testing.consortium import FOUNDED, Founding
from atoll.trust.keys import Purpose

SECOND = 10**9
HASH = hashlib.sha256(b"anything").digest()
_NO_TIME = "0001-01-01T00:00:00Z"
_FLAGS = {Vote.ABSENT: 1, Vote.COMMIT: 2, Vote.NIL: 3}


class Headers(Rpc):
    """Stands in for CometBFT."""

    def __init__(self, founding: Founding) -> None:
        super().__init__("nowhere")
        self.founding = founding
        self.voters = make_validator_set((org.public(Purpose.CONSENSUS), 1) for org in founding.orgs.values())
        self.asked: list[int] = []
        """Heights whose commit was asked for."""
        self._headers: dict[int, tuple[Header, Commit, ValidatorSet]] = {}

    def vote(
        self,
        height: int,
        app_hash: bytes,
        *,
        orgs: Sequence[str] | None = None,
        next_voters: ValidatorSet | None = None,
        times: Sequence[int] = (),
    ) -> None:
        """These members vote for a header; all of them, a second after its time, unless told otherwise.

        Args:
            height: CometBFT's.
            app_hash: state after the height before.
            orgs: who votes.
            next_voters: who votes on the next height.
            times: when each of them voted, Unix seconds.
        """
        voters, following = self.voters, next_voters or self.voters
        header = Header(
            version_block=11,
            version_app=1,
            chain_id=self.founding.chain_id,
            height=height,
            time_ns=(FOUNDED + height) * SECOND,
            last_block_id=BlockId(hash=HASH, parts_total=1, parts_hash=HASH),
            last_commit_hash=HASH,
            data_hash=HASH,
            validators_hash=voters.hash(),
            next_validators_hash=following.hash(),
            consensus_hash=HASH,
            app_hash=app_hash,
            last_results_hash=HASH,
            evidence_hash=HASH,
            proposer_address=bytes(20),
        )
        secrets = {one.public(Purpose.CONSENSUS): (org, one.keys[Purpose.CONSENSUS]) for org, one in self.founding.orgs.items()}
        when = dict(zip(orgs or self.founding.orgs, times, strict=False))
        votes: list[CommitSig] = []
        for one in voters.validators:
            org = secrets[one.key][0]
            time_ns = when.get(org, FOUNDED + height + 1) * SECOND
            sig = CommitSig.at(time_ns, vote=Vote.COMMIT, address=one.address, signature=bytes(64))
            votes.append(sig if orgs is None or org in orgs else ABSENT)
        block_id = BlockId(hash=header.hash(), parts_total=1, parts_hash=HASH)
        commit = Commit(height=height, round=0, block_id=block_id, signatures=tuple(votes))
        signed = tuple(
            one if one is ABSENT else replace(one, signature=secrets[who.key][1].sign(commit.sign_bytes(header.chain_id, at)))
            for at, (one, who) in enumerate(zip(votes, voters.validators, strict=True))
        )
        self._headers[height] = header, replace(commit, signatures=signed), voters
        self.voters = following

    def vote_again(self, height: int) -> None:
        """The others' votes have come in, too."""
        header, _, voters = self._headers[height]
        now, self.voters = self.voters, voters
        self.vote(height, header.app_hash, next_voters=now)

    def forget_below(self, height: int) -> None:
        """CometBFT has pruned its blocks, or began with a snapshot."""
        self._headers = {at: one for at, one in self._headers.items() if at >= height}

    # -- Rpc -------------------------------------------------------------------------------------------------------------------

    async def status(self) -> Status:
        return Status(max(self._headers, default=0), min(self._headers, default=0), catching_up=False)

    async def commit(self, height: int) -> bytes:
        self.asked.append(height)
        if height not in self._headers:
            raise ValidatorRefused(method="commit", reason="not here yet")
        header, commit, _ = self._headers[height]
        return json.dumps({"result": {"signed_header": {"header": _header(header), "commit": _commit(commit)}}}).encode()

    async def validators(self, height: int) -> list[bytes]:
        listed = [
            {
                "address": one.address.hex().upper(),
                "pub_key": {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(one.key).decode()},
                "voting_power": str(one.power),
            }
            for one in self._headers[height][2].validators
        ]
        total = str(len(listed))
        return [json.dumps({"result": {"block_height": str(height), "validators": listed, "total": total}}).encode()]

    async def changes(self, first: int, last: int) -> list[int]:
        known = (self._headers[height][0] for height in range(first, last + 1) if height in self._headers)
        return [one.height for one in known if one.validators_hash != one.next_validators_hash]


async def decide(application: Application, *transactions: bytes) -> bytes:
    """A block of these transactions is decided, carried out and committed; the app hash after it."""
    height = application.tip.consensus_height + 1
    await application.finalize(height, FOUNDED + height, transactions, ())
    await application.commit()
    return application.tip.app_hash


def _header(one: Header) -> dict[str, Any]:
    assert one.last_block_id is not None
    names = (
        "last_commit_hash",
        "data_hash",
        "validators_hash",
        "next_validators_hash",
        "consensus_hash",
        "app_hash",
        "last_results_hash",
        "evidence_hash",
        "proposer_address",
    )
    return {
        "version": {"block": str(one.version_block), "app": str(one.version_app)},
        "chain_id": one.chain_id,
        "height": str(one.height),
        "time": _time(one.time_ns),
        "last_block_id": _block_id(one.last_block_id),
        **{name: getattr(one, name).hex().upper() for name in names},
    }


def _commit(one: Commit) -> dict[str, Any]:
    signatures = [
        {
            "block_id_flag": _FLAGS[each.vote],
            "validator_address": each.address.hex().upper(),
            "timestamp": _NO_TIME if each.vote is Vote.ABSENT else _time(each.time_ns),
            "signature": base64.b64encode(each.signature).decode() or None,
        }
        for each in one.signatures
    ]
    return {"height": str(one.height), "round": one.round, "block_id": _block_id(one.block_id), "signatures": signatures}


def _block_id(one: BlockId) -> dict[str, Any]:
    return {"hash": one.hash.hex().upper(), "parts": {"total": one.parts_total, "hash": one.parts_hash.hex().upper()}}


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, SECOND)
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{when:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{rest:09d}Z"
