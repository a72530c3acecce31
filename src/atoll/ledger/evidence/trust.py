"""The trust file: the one thing that a verifier brings along, and never takes from a bundle.

    # Trust file of the consortium test.example/lagoon
    #atoll genesis 4b9d...
    #atoll sequencer operator
    log test.example/lagoon+0f3a91bc+AQ...
    witness test.example/lagoon/bank test.example/lagoon/bank+530d903a+BA...
    witness test.example/lagoon/bureau test.example/lagoon/bureau+91c04d11+BA...
    group validators 2 test.example/lagoon/bank test.example/lagoon/bureau
    quorum validators

It is a C2SP tlog-policy, and stays one with the lines that begin with `#atoll`, which other tools pass over: with the same file
they verify the founders' checkpoints. Atoll's own verifier walks from these members to those that count later.

On CometBFT the line `#atoll engine cometbft` is there instead of a sequencer's. Atoll's verifier then asks for the votes of
more than two thirds of the validators, whose keys stand in the genesis that the file names by its digest; the rest of the file
is for tools that read checkpoints: every founder may sign one, and the quorum is as many of the validating founders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.errors import PolicyFormatError
from atoll.ledger.evidence.errors import TrustFileError
from atoll.ledger.genesis import Genesis, consensus_of
from atoll.ledger.records import ConsensusSet, EngineKind
from atoll.ledger.tlog_policy import Group, Log, Policy, Witness, encode_policy, make_policy, parse_policy

GROUP = "validators"
_MARK = "#atoll "
_GENESIS = re.compile(r"genesis ([0-9a-f]{64})")
_SEQUENCER = re.compile(r"sequencer ([a-z][a-z0-9-]{0,39})")
_ENGINE = re.compile(r"engine ([a-z]{1,16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFile:
    """Whom to believe about one consortium, from its founding on."""

    chain_id: str
    """The ledger's name; the origin of its checkpoints."""
    genesis_digest: bytes
    """Names the consortium, 32 bytes; a ledger of the same name with another genesis is another ledger."""
    engine: EngineKind
    """What puts transactions in order."""
    sequencer: str
    """The founder that put transactions in order first; empty on CometBFT."""
    policy: Policy
    """Log keys of whoever signs checkpoints, cosigning keys of those that counted first, and how many of them make a quorum."""

    def is_of(self, genesis: Genesis) -> bool:
        """Whether engine, sequencer, keys and quorum are those of this genesis; places to fetch from do not matter."""
        same = (self.engine, self.sequencer) == (genesis.engine, _sequencer_of(genesis))
        return same and _keys(self.policy) == _keys(policy_of(genesis))


def encode_trust_file(genesis: Genesis, digest: bytes) -> str:
    """The trust file of a consortium; hand it over in person, never beside the evidence.

    Args:
        genesis: verified.
        digest: its digest.
    """
    lines = (
        f"# Trust file of the consortium {genesis.chain_id}",
        f"{_MARK}genesis {digest.hex()}",
        f"{_MARK}sequencer {genesis.sequencer}" if _sequencer_of(genesis) else f"{_MARK}engine {genesis.engine}",
    )
    return "\n".join(lines) + "\n" + encode_policy(policy_of(genesis)).decode()


def parse_trust_file(text: str) -> TrustFile:
    """The trust file in `text`.

    Raises:
        TrustFileError: not a trust file; or one that would believe a checkpoint without any cosignature.
    """
    try:
        policy = parse_policy(text.encode())
    except (PolicyFormatError, UnicodeEncodeError) as err:
        raise TrustFileError(reason=str(err).rstrip(".")) from err
    if not policy.needs_witnesses:
        raise TrustFileError(reason="its quorum is `none`, so that anybody could sign a ledger into being")
    marked = [line.removeprefix(_MARK) for line in text.split("\n") if line.startswith(_MARK)]
    engine = _engine(marked)
    logs = sorted({log.key.name for log in policy.logs})
    if len(logs) != 1 or (engine is EngineKind.EMBEDDED and len(policy.logs) != 1):
        raise TrustFileError(reason=f"it names {len(policy.logs)} logs, and a consortium has one")
    return TrustFile(
        chain_id=logs[0],
        genesis_digest=bytes.fromhex(_only(_GENESIS, marked, "genesis")),
        engine=engine,
        sequencer=_only(_SEQUENCER, marked, "sequencer") if engine is EngineKind.EMBEDDED else "",
        policy=policy,
    )


def policy_of(genesis: Genesis) -> Policy:
    """The founding members' keys and quorum as a C2SP policy."""
    first = consensus_of(genesis)
    logs = (first.log,) if _sequencer_of(genesis) else tuple(one.log for one in genesis.founders)
    return policy_of_members(genesis.chain_id, first, logs)


def policy_of_members(chain_id: str, members: ConsensusSet, logs: Iterable[bytes]) -> Policy:
    """The same of any members that count.

    Args:
        chain_id: the ledger's name.
        members: who counts, with the keys that they cosign with.
        logs: keys that sign checkpoints.
    """
    keys = [cosign_key(chain_id, one) for one in members.counted()]
    return make_policy(
        logs=tuple(Log(log_key(chain_id, public)) for public in logs),
        witnesses=tuple(Witness(key.name, key) for key in keys),
        groups=(Group(GROUP, members.quorum(), tuple(key.name for key in keys)),),
        quorum=GROUP,
    )


def _sequencer_of(genesis: Genesis) -> str:
    """Who puts transactions in order first; empty where nobody does alone."""
    return genesis.sequencer if genesis.engine is EngineKind.EMBEDDED else ""


def _engine(marked: list[str]) -> EngineKind:
    """The engine that a file names; one without the line is of an embedded ledger, and has a sequencer."""
    if not any(line.startswith("engine") for line in marked):
        return EngineKind.EMBEDDED
    name = _only(_ENGINE, marked, "engine")
    if name != EngineKind.COMETBFT or any(line.startswith("sequencer") for line in marked):
        raise TrustFileError(reason="its engine is not `cometbft`, or it names a sequencer as well")
    return EngineKind.COMETBFT


def _keys(policy: Policy) -> tuple[object, ...]:
    logs = tuple(one.key for one in policy.logs)
    return logs, tuple((one.name, one.key) for one in policy.witnesses), policy.groups, policy.quorum


def _only(expression: re.Pattern[str], lines: list[str], what: str) -> str:
    found = [match[1] for line in lines if (match := expression.fullmatch(line.rstrip()))]
    if len(found) != 1:
        raise TrustFileError(reason=f"it must have exactly one line `{_MARK}{what} ...`, and has {len(found)}")
    return found[0]
