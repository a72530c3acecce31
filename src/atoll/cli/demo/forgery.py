"""An invented consortium: the same names, the same rules, invented keys, and a ledger on which everything is in order."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from atoll.jobs.intersection import GrantUse, Intersection, IntersectionSpec, Side
from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.evidence import export_evidence
from atoll.ledger.genesis import Genesis
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.plan import Limits, Plan, digest_plan_body
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.job import ConsentJob, StartJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.node.proposed import proposal_of
from atoll.testing.consortium import Founding  # layers: world in memory
from atoll.testing.headers import voted_seal  # layers: world in memory
from atoll.testing.tables import BANK, BUREAU, ID_RULE  # layers: world in memory
from atoll.trust.keys import Purpose
from atoll.wire.message import Message, encode_message


class Forgery:
    """A ledger of invented members. Also the `EvidenceSource` from which its evidence is exported."""

    def __init__(self, model: Genesis) -> None:
        """`model` is the genesis to imitate: chain, founders, who counts."""
        self._founding = Founding(
            [one.org for one in model.founders],
            chain_id=model.chain_id,
            sequencer=model.sequencer,
            not_validating=[one.org for one in model.founders if not one.validating],
            roles={one.org: one.roles for one in model.founders},
            peers={one.org: one.peer for one in model.founders},
            time=model.time,
            engine=model.engine,
        )
        self.ledger = Ledger(self._founding.genesis_file)
        self._log = list(self.ledger.genesis_entries)
        self._blocks: list[Block] = []
        self._plan = b""
        self._job = b""

    def tell(self) -> bytes:
        """Let the invented members register, grant, propose, consent, start and give receipts; the bundle of that job."""
        use = GrantUse(grant=secrets.token_bytes(16), version=1)
        bureau = Side(
            org=BUREAU.owner,
            dataset=f"{BUREAU.owner}/bureau-records/1",
            columns=(BUREAU.id_column,),
            normalisation=(ID_RULE,),
            rows_cap=8192,
            grants=(use,),
        )
        bank = Side(
            org=BANK.owner,
            dataset=f"{BANK.owner}/bank-customers/1",
            columns=(BANK.id_column,),
            normalisation=(ID_RULE,),
            rows_cap=8192,
        )
        for side in (bank, bureau):
            self._do(side.org, RegisterDataset(dataset=side.dataset, card_commitment=secrets.token_bytes(32), level=2))
        self._do(bureau.org, _grant(bureau, use, bank.org, self.ledger.time))
        plan = self._invent_plan(IntersectionSpec(receivers=(bank,), owners=(bureau,)))
        self._plan, self._job = encode_message(plan), plan.job_id
        digest = digest_plan_body(self._plan)
        self._do(bank.org, proposal_of(plan, digest))
        for org in plan.orgs():
            key = secrets.token_bytes(32)
            self._do(org, ConsentJob(job_id=plan.job_id, plan_digest=digest, job_key=key, software="atoll", build="sha256:0"))
        self._do(bank.org, StartJob(job_id=plan.job_id))
        result, detail = secrets.token_bytes(32), secrets.token_bytes(32)
        receipt = GiveReceipt(job_id=plan.job_id, plan_digest=digest, result_commitment=result, detail_commitment=detail)
        for org in plan.orgs():
            self._do(org, receipt)
        return export_evidence(self, plan.job_id)

    # -- EvidenceSource -------------------------------------------------------------------------------------------------------

    def entries(self, first: int, count: int) -> Sequence[bytes]:
        return self._log[first : first + count]

    def blocks(self, first: int, last: int) -> Iterable[Block]:
        return self._blocks[first - 1 : last]

    def seal(self) -> bytes:
        consensus, chain_id = self.ledger.consensus, self._founding.chain_id
        if consensus.engine is EngineKind.COMETBFT:
            voting = [keys[Purpose.CONSENSUS] for keys in self._founding.keys.values()]
            votes = {one.public.data: one for one in voting}
            return voted_seal(self.ledger, height=self.ledger.height + 1, keys=votes).encode()
        size = self.ledger.log.size
        text = Checkpoint(origin=chain_id, size=size, root=self.ledger.log.root(size)).encode()
        lines = [sign_text(text, log_key(chain_id, consensus.log), self._founding.keys[consensus.sequencer][Purpose.LOG].sign)]
        for one in consensus.counted():
            sign = self._founding.keys[one.org][Purpose.COSIGN].sign
            lines.append(cosign_text(text, cosign_key(chain_id, one), self.ledger.time + 1, sign))
        return Note(text, tuple(lines)).encode()

    def seal_of(self, height: int) -> bytes | None:  # noqa: ARG002 - nobody ever left, so none is asked for
        return None

    def body(self, kind: str, identifier: str) -> bytes | None:
        return self._plan if (kind, identifier) == ("plan", self._job.hex()) else None

    # -- inventing ------------------------------------------------------------------------------------------------------------

    def _do(self, org: str, body: Message) -> None:
        """One transaction in a block of its own."""
        block = Block(
            height=self.ledger.height + 1,
            term=1,
            time=self.ledger.time + 1,
            transactions=(self._founding.sign(org, body),),
        )
        executed = self.ledger.execute(block)
        assert executed.outcomes[0].ok, executed.outcomes[0].sentence
        self.ledger.adopt(executed)
        self._log += executed.entries
        self._blocks.append(block)

    def _invent_plan(self, spec: IntersectionSpec) -> Plan:
        return Plan(
            **Intersection().draft(spec).to_fields(),
            salt=secrets.token_bytes(32),
            chain_id=self._founding.chain_id,
            genesis_digest=self._founding.genesis_digest,
            job_id=secrets.token_bytes(16),
            purpose="credit-check",
            limits=Limits(memory_bytes=1 << 30, traffic_bytes=1 << 30, attempts=1),
            not_after=self.ledger.time + 600,
        )

    @property
    def genesis(self) -> tuple[Genesis, bytes]:
        """The invented genesis and its digest, for a trust file that would believe all of this."""
        return self._founding.genesis, self._founding.genesis_digest


def _grant(owner: Side, use: GrantUse, grantee: str, now: int) -> GiveGrant:
    return GiveGrant(
        grant=use.grant,
        grantee=grantee,
        dataset=owner.dataset,
        terms_commitment=secrets.token_bytes(32),
        uses=1,
        not_before=now,
        not_after=now + 3600,
    )
