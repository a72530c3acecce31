"""What is wrong with a node, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from atoll.api.models import DoctorFinding, Status, ValidatorHealth
from atoll.ledger.records import ConsensusSet, EngineKind, OprfDealing, OprfKey
from atoll.ledger.rules import LATEST
from atoll.node.context import NodeContext
from atoll.node.motions import Motions
from atoll.node.oprf import Evaluator
from atoll.node.runs import Runs
from atoll.node.tlog.assemble import PublishedLog
from atoll.node.tlog.errors import LogWentBack
from atoll.ordering.engine import FRESH_SECONDS, Condition, View
from atoll.transport.links import Links
from atoll.version import VERSION

LEAST_FREE_BYTES = 1 << 30
LEAST_VALIDATORS = 4
"""With fewer, one that is down stops the ledger: more than two thirds have to agree."""
ENGINES = {"embedded": "embedded: tamper-evident under one operator", "cometbft": "CometBFT: consensus"}
"""The honest words of SECURITY 3.4."""


class Doctor:
    """Looks at a running node."""

    def __init__(
        self, context: NodeContext, links: Links, runs: Runs, evaluator: Evaluator, tlog: PublishedLog, motions: Motions
    ) -> None:
        self._context = context
        self._links = links
        self._runs = runs
        self._evaluator = evaluator
        self._tlog = tlog
        self._motions = motions

    def status(self) -> Status:
        """How the node is."""
        view = self._context.view()
        consensus, chain = view.consensus, view.chain
        return Status(
            org=self._context.org,
            chain_id=chain.chain_id,
            genesis_digest=chain.genesis_digest.hex(),
            version=VERSION,
            engine=ENGINES[self._context.engine.kind],
            test=chain.test,
            height=view.height,
            log_size=view.log_size,
            term=consensus.term,
            sequencer=consensus.sequencer if consensus.engine is EngineKind.EMBEDDED else "",
            quorum=f"{consensus.quorum()} of {len(consensus.counted())}",
            quorum_reached=sum(one.org not in self._unreached() for one in consensus.counted()),
            quorum_missing=self._unreached(),
            freshness_seconds=self._age(),
            connected=list(self._links.connected()),
            jobs_running=self._runs.running,
            pss_mb=pss_mb("self"),
            rules=_rules(view),
            motions_waiting=self._motions.waiting(),
            validator=_validator(self._context.engine.condition()),
        )

    async def look(self) -> list[DoctorFinding]:
        """Every check, good or bad."""
        view = self._context.view()
        consensus = view.consensus
        others = [one.org for one in self._context.members() if one.org != self._context.org]
        missing = sorted(set(others) - set(self._links.connected()))
        free = shutil.disk_usage(self._context.config.home.path).free
        readable = [str(one) for one in self._context.config.folders if not one.is_dir()]
        is_embedded = consensus.engine is EngineKind.EMBEDDED
        handover = "; with a dead sequencer: `atoll consortium handover --to ORG`." if is_embedded else "."
        return [
            DoctorFinding(
                check="ledger",
                ok=self._age() <= FRESH_SECONDS,
                found=f"height {view.height}, newest quorum ({consensus.quorum()} members) {self._age()} s ago",
                remedy="See which validating members are down" + handover,
            ),
            look_at_quorum(consensus, self._unreached()),
            *self._look_at_validator(),
            *self._look_at_rules(),
            DoctorFinding(
                check="members",
                ok=not missing,
                found=f"connected to {len(others) - len(missing)} of {len(others)}"
                + (f"; not to {', '.join(missing)}" if missing else ""),
                remedy="Check their nodes and the way there; one side being able to dial is enough.",
            ),
            self._fingerprint_key(),
            self._published_log(),
            DoctorFinding(
                check="disk",
                ok=free >= LEAST_FREE_BYTES,
                found=f"{free / 1e9:.1f} GB free at {self._context.config.home.path}",
                remedy="Free space; a full disk stops acknowledgements and loses nothing.",
            ),
            DoctorFinding(
                check="data folders",
                ok=not readable,
                found="all there" if not readable else f"missing: {', '.join(readable)}",
                remedy="Correct [data] folders in atoll.toml.",
            ),
        ]

    def _look_at_validator(self) -> Iterator[DoctorFinding]:
        """The process that votes on blocks, its vote, and how many have one."""
        condition, consensus = self._context.engine.condition(), self._context.view().consensus
        if condition is None:
            return
        ended = f"; started again {condition.restarts} times, last because {condition.reason}" if condition.restarts else ""
        now = f"CometBFT is {condition.state}, {condition.peers} peers, consensus height {condition.consensus_height}"
        yield DoctorFinding(
            check="validator",
            ok=condition.state == "running",
            found=now + ended,
            remedy="Look into log/node.log; it is started again by itself unless it was given up, which stops the node.",
        )
        is_validator = any(one.org == self._context.org for one in consensus.validators)
        yield DoctorFinding(
            check="vote",
            ok=condition.votes or not is_validator,
            found="votes on blocks" if condition.votes else "follows" + (", and should vote" if is_validator else ""),
            remedy="Its consensus key is not the one that is registered, or is revoked: `atoll key rotate consensus`.",
        )
        yield DoctorFinding(
            check="validators",
            ok=len(consensus.counted()) >= LEAST_VALIDATORS,
            found=f"{len(consensus.counted())}, of which {len(consensus.counted()) - consensus.quorum()} may be down or lie",
            remedy=f"Have at least {LEAST_VALIDATORS}: with fewer, one that is down stops the ledger.",
        )

    def _look_at_rules(self) -> Iterator[DoctorFinding]:
        chain = self._context.view().chain
        yield DoctorFinding(
            check="rules",
            ok=max(chain.next_rules_version, chain.rules_version) <= LATEST,
            found=f"version {_rules(self._context.view())}; this node knows up to {LATEST}",
            remedy="Install a version of Atoll that knows them before that block; there this node stops.",
        )

    def _fingerprint_key(self) -> DoctorFinding:
        view = self._context.view()
        key, dealing = view.get(OprfKey, "0"), view.get(OprfDealing, "0")
        needed = key is not None and self._context.org in key.members
        if key is None:
            found = f"none; the dealing is {dealing.phase}" if dealing is not None else "none, and none is being dealt"
        else:
            share = "a share" if self._evaluator.holds_share else "no share"
            found = f"{key.threshold} of {len(key.members)} members evaluate together; this node holds {share}"
            if key.weakest < key.threshold:
                found += f"; {key.weakest} of an earlier time would know the key, had they kept their shares"
        return DoctorFinding(
            check="fingerprint key",
            ok=key is not None and (self._evaluator.holds_share or not needed),
            found=found,
            remedy="It comes by itself: at the founding once members are connected; a lost share in a day, if all holders run.",
        )

    def _published_log(self) -> DoctorFinding:
        published, publisher = self._tlog.shelf.published, self._tlog.publisher
        age = self._context.clock.now() - published.at if published is not None else 0
        found = f"{published.checkpoint.size} entries, {age} s ago" if published is not None else "nothing yet"
        if publisher is None:
            found = "not published: [tlog] publish is off"
        elif publisher.waiting_for:
            found += f"; waits for {publisher.waiting_for}"
        missing = [f"{name}: {problem}" for name, _, problem in publisher.states() if problem] if publisher is not None else []
        remedy = "See that enough of the witnesses named in [tlog] run and are reached; it is published again by itself."
        if publisher is not None and publisher.is_behind:
            remedy = "Start the other members' nodes: it catches up. Where an older home was put back, put the newer one back."
            if publisher.is_contradicted:
                found += (
                    "; two signed checkpoints that contradict each other are kept here, and this node has stopped over them"
                )
                remedy = LogWentBack.remedy
        return DoctorFinding(
            check="published log",
            ok=publisher is None or (published is not None and age <= FRESH_SECONDS and not missing),
            found="; ".join((found, *missing)),
            remedy=remedy,
        )

    def _unreached(self) -> list[str]:
        return unreached(self._context.view().consensus, self._context.org, self._links.connected())

    def _age(self) -> int:
        return max(0, self._context.clock.now() - self._context.engine.freshness())


def unreached(consensus: ConsensusSet, me: str, connected: Iterable[str]) -> list[str]:
    """Who counts towards a quorum, or puts transactions in order, and is not reached from here."""
    needed = {one.org for one in consensus.counted()}
    if consensus.engine is EngineKind.EMBEDDED:
        needed.add(consensus.sequencer)
    return sorted(needed - {me, *connected})


def look_at_quorum(consensus: ConsensusSet, missing: Sequence[str]) -> DoctorFinding:
    """Whether anything can be confirmed now."""
    counted = [one.org for one in consensus.counted()]
    reached = [one for one in counted if one not in missing]
    stops = len(reached) < consensus.quorum() or (consensus.engine is EngineKind.EMBEDDED and consensus.sequencer in missing)
    names = ", ".join(missing)
    return DoctorFinding(
        check="quorum",
        ok=not stops,
        found=f"{consensus.quorum()} of {len(counted)} needed, {len(reached)} reached" + (f"; not {names}" if names else ""),
        remedy="Nothing can be confirmed until enough of them are back; what was handed in waits, and may be carried out then.",
    )


def _rules(view: View) -> str:
    chain = view.chain
    in_force = chain.rules_at(view.height + 1)
    coming = chain.next_rules_version > in_force
    return str(in_force) + (f"; {chain.next_rules_version} from block {chain.next_rules_from} on" if coming else "")


def _validator(condition: Condition | None) -> ValidatorHealth | None:
    return None if condition is None else ValidatorHealth(**asdict(condition))


def pss_mb(process: str) -> float:
    """Proportional set size of a process in MB; 0 where the kernel does not tell."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000, 1)
