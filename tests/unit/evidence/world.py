"""A consortium on paper that really carries out its transactions, and answers an exporter from memory.

Four organisations; the operator orders, the others count: q = 3 of 3. One attribute changed is an attack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.block import Block, BlockSummary, reads_as_summary
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.detail import RECEIPT_DOMAIN, RESULT_DOMAIN, InputDetail, ReceiptDetail
from atoll.ledger.evidence import (
    Finding,
    TrustFile,
    encode_trust_file,
    export_evidence,
    parse_trust_file,
    verify_evidence,
)
from atoll.ledger.evidence.bundle import encode_bundle, parse_bundle
from atoll.ledger.evidence.export import assemble_evidence
from atoll.ledger.evidence.parts import Logged, Proven, encode_part
from atoll.ledger.genesis import verify_genesis
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.plan import Limits, Plan, PlanInput, PlanOutput, PlanParty, digest_plan_body
from atoll.ledger.records import ConsensusSet, Key, Member, Record, counted_inputs, record_key
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.job import ConsentJob, ProposeJob, StartJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.ledger.transaction import parse_transaction
from atoll.policy.card import CARD_DOMAIN
from atoll.policy.terms import TERMS_DOMAIN, GrantTerms, TermRule
from atoll.primitives.commitment import commit
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.merkle import leaf_hash
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.cbor import encode
from atoll.wire.message import encode_message, parse_message

JOB = bytes.fromhex("00112233445566778899aabbccddeeff")
GRANT = b"\x61" * 16
CUSTOMERS, FILES = "bank/customers/1", "bureau/files/1"
RESULT, OPENING = b"the result", b"\x0f" * 32
PARTIES = ("bank", "bureau")

R = TypeVar("R", bound=Record)


def cut_plan(world: World, **changes: Any) -> Plan:
    """The plan of a private intersection: the bank learns which of its customers the bureau knows."""
    fields: dict[str, Any] = {
        "salt": b"\x0a" * 32,
        "chain_id": world.founding.chain_id,
        "genesis_digest": world.founding.genesis_digest,
        "job_id": JOB,
        "kind": "intersection",
        "protocol": "psi-ecdh-curve25519",
        "protocol_version": 1,
        "program": {},
        "parties": (PlanParty(role="owner", index=0, org="bureau"), PlanParty(role="receiver", index=0, org="bank")),
        "inputs": (
            PlanInput(
                role="owner",
                index=0,
                dataset=FILES,
                columns=("national_id",),
                normalisation=("trim",),
                rows_cap=1000,
                grant=GRANT,
                grant_version=1,
            ),
            PlanInput(
                role="receiver",
                index=0,
                dataset=CUSTOMERS,
                columns=("id",),
                normalisation=("trim",),
                rows_cap=500,
                grant=b"",
                grant_version=0,
            ),
        ),
        "outputs": (PlanOutput(index=0, gets=("identifiers",)),),
        "coalitions": (),
        "adversary_model": "semi-honest",
        "leakage": "Each side learns the size of the other's set.",
        "purpose": "credit-check",
        "limits": Limits(memory_bytes=1 << 28, traffic_bytes=1 << 20, attempts=3),
        "not_after": world.ledger.time + 600,
    }
    return Plan(**fields | changes)


@dataclass
class Kept:
    """A note of the past."""

    height: int
    data: bytes


class World:
    """A ledger, its members' keys, its bodies. Also the `EvidenceSource` of an exporter."""

    def __init__(
        self, orgs: Sequence[str] = ("operator", "auditor", "bank", "bureau"), *, test: bool = True, **options: Any
    ) -> None:
        self.founding = Founding(orgs, **options)
        if not test:
            self.found_in_earnest()
        self.ledger = Ledger(self.founding.genesis_file)
        self.log_entries: list[bytes] = list(self.ledger.genesis_entries)
        self.all_blocks: list[Block] = []
        self.bodies: dict[tuple[str, str], bytes] = {}
        self.sets: dict[int, ConsensusSet] = {0: self.ledger.consensus}
        self.kept: list[Kept] = []
        self.lies: dict[bytes, bytes] = {}
        self.honest: dict[int, bytes] = {}
        self.newest = b""
        self.log_keys: dict[bytes, SecretKey] = {}
        self.cosign_keys: dict[bytes, SecretKey] = {}
        for org in self.founding.orgs:
            for purpose in (Purpose.LOG, Purpose.COSIGN):
                self.know(self.founding.orgs[org].keys[purpose])

    def found_in_earnest(self) -> None:
        """The same founders, but not for a test."""
        self.founding.genesis = replace(self.founding.genesis, test=False)
        self.founding.genesis_file = self.founding.sign_genesis(self.founding.genesis)
        self.founding.genesis_digest = verify_genesis(self.founding.genesis_file)[1]

    def know(self, key: SecretKey) -> SecretKey:
        """A key to sign or cosign checkpoints with, once the ledger names it."""
        (self.log_keys if key.purpose is Purpose.LOG else self.cosign_keys)[key.public.data] = key
        return key

    # -- moving ----------------------------------------------------------------------------------------------------------------

    def block(self, *transactions: bytes, term: int | None = None, seconds: int = 1, **cheats: Any) -> World:
        """Carry out a block, and let everybody cosign it; `cheats` is what a quorum that cheats writes in its summary."""
        before = self.ledger.consensus
        block = Block(
            height=self.ledger.height + 1,
            term=before.term if term is None else term,
            time=self.ledger.time + seconds,
            transactions=transactions,
        )
        executed = self.ledger.execute(block)
        truth = executed.tree
        for key, value in self.lies.items():
            executed = replace(executed, tree=executed.tree.put(key, value))
        honest = encode_message(resummarise(executed).summary)
        executed = resummarise(executed, **cheats)
        self.outcomes = executed.outcomes
        self.ledger.adopt(executed)
        self.ledger.tree = truth  # the rules go on without the lie, which stands in what is signed
        self.log_entries += executed.entries
        self.honest[len(self.log_entries) - 1] = honest
        self.all_blocks.append(block)
        self.sets[block.height] = self.ledger.consensus
        self.vouch(before, self.ledger.consensus)
        self.kept.append(Kept(block.height, self.newest))
        return self

    def vouch(self, before: ConsensusSet, after: ConsensusSet) -> None:
        """Everybody stands for the last block."""
        self.authority = after if after.term > before.term else before
        self.newest = self.sign(self.authority)

    def sign(
        self,
        members: ConsensusSet,
        *,
        by: Iterable[str] | None = None,
        sequencer_too: bool = False,
        size: int | None = None,
        at: int | None = None,
    ) -> bytes:
        """A checkpoint, signed by the sequencer and cosigned by all who count, or by the ones named."""
        chain_id, size = self.founding.chain_id, self.ledger.log.size if size is None else size
        text = Checkpoint(origin=chain_id, size=size, root=self.ledger.log.root(size)).encode()
        lines = [sign_text(text, log_key(chain_id, members.log), self.log_keys[members.log].sign)]
        for one in members.validators if sequencer_too else members.counted():
            if by is None or one.org in by:
                secret = self.cosign_keys[one.cosign]
                lines.append(cosign_text(text, cosign_key(chain_id, one), at or self.ledger.time + 2, secret.sign))
        return Note(text, tuple(lines)).encode()

    def lie(self, record: Record) -> World:
        """From the next block on, let the state that everybody cosigns hold this record, whatever the rules say.

        What a quorum that cheats, or a fault in a rule, could do: the verifier looks for itself.
        """
        self.lies[record.key()] = encode_message(record)
        return self

    def get(self, kind: type[R], identifier: str) -> R:
        """A record as the rules left it."""
        return parse_message(self.ledger.records[record_key(kind, identifier)], kind)

    def do(self, org: str, body: Any, **options: Any) -> World:
        """One transaction in a block of its own, which must be carried out."""
        self.block(self.founding.sign(org, body, **options))
        assert self.outcomes[0].ok, self.outcomes[0]
        return self

    # -- the usual story -------------------------------------------------------------------------------------------------------

    def register(self) -> World:
        """Both owners register; the bureau gives the bank a grant."""
        for dataset in (CUSTOMERS, FILES):
            owner = dataset.split("/")[0]
            card = encode_like("dataset-card/1", salt=b"\x01" * 32, dataset=dataset)
            self.bodies["card", dataset] = card
            commitment = commit(CARD_DOMAIN, b"\x01" * 32, card)
            self.do(owner, RegisterDataset(dataset=dataset, card_commitment=commitment, level=2))
        terms = GrantTerms(
            salt=b"\x02" * 32,
            grant=GRANT,
            assigner="bureau",
            assignee="bank",
            target=FILES,
            permissions=(TermRule(action="use", constraints=()),),
            prohibitions=(),
        )
        self.bodies["terms", GRANT.hex()] = body = encode_message(terms)
        self.giving = GiveGrant(
            grant=GRANT,
            grantee="bank",
            dataset=FILES,
            terms_commitment=commit(TERMS_DOMAIN, terms.salt, body),
            uses=5,
            not_before=self.ledger.time,
            not_after=self.ledger.time + 10_000,
        )
        return self.do("bureau", self.giving)

    def propose(self, plan: Plan | None = None, *, counted: Plan | None = None) -> World:
        """The bank proposes a plan; `counted` is what the ledger is told, the same unless the bank lies."""
        plan = plan or cut_plan(self)
        body = encode_message(plan)
        self.bodies["plan", (counted or plan).job_id.hex()] = body
        self.plan, self.job_id = plan, (counted or plan).job_id
        self.digest = digest_plan_body(body)
        told = counted or plan
        return self.do(
            "bank",
            ProposeJob(
                job_id=self.job_id,
                kind=told.kind,
                plan_digest=self.digest,
                parties=told.orgs(),
                receivers=told.receivers(),
                inputs=counted_inputs(told),
                not_after=told.not_after,
            ),
        )

    def consent_of(self, org: str) -> ConsentJob:
        """A party's consent to the last proposal."""
        return ConsentJob(
            job_id=self.job_id, plan_digest=self.digest, job_key=b"\x0b" * 32, software="atoll 1", build="sha256:00"
        )

    def consent(self, *orgs: str) -> World:
        """Parties consent, each in a block of its own."""
        for org in orgs or PARTIES:
            self.do(org, self.consent_of(org))
        return self

    def start(self, org: str = "bank") -> World:
        """START."""
        return self.do(org, StartJob(job_id=self.job_id))

    def receipt_of(self, org: str, /, **changes: Any) -> GiveReceipt:
        """A participant's receipt; keeps the detail."""
        fields: dict[str, Any] = {
            "salt": b"\x03" * 32,
            "job_id": self.job_id,
            "org": org,
            "attempt": 1,
            "protocol": self.plan.protocol,
            "protocol_version": self.plan.protocol_version,
            "adversary_model": self.plan.adversary_model,
            "leakage": self.plan.leakage,
            "parameters": {},
            "insecure": False,
            "inputs": (InputDetail(dataset=CUSTOMERS if org == "bank" else FILES, label="asserted", rows_at_most=512),),
            "sent_at_most": 4096,
            "received_at_most": 4096,
            "seconds": 2,
        }
        detail = ReceiptDetail(**fields | changes)
        body = encode_message(detail)
        self.bodies["detail", f"{self.job_id.hex()}/{org}"] = body
        return GiveReceipt(
            job_id=self.job_id,
            plan_digest=self.digest,
            result_commitment=commit(RESULT_DOMAIN, OPENING, RESULT),
            detail_commitment=commit(RECEIPT_DOMAIN, detail.salt, body),
        )

    def receipts(self, *orgs: str) -> World:
        """Participants sign receipts, each in a block of its own."""
        for org in orgs or PARTIES:
            self.do(org, self.receipt_of(org))
        return self

    def complete(self) -> World:
        """The whole flow."""
        return self.register().propose().consent().start().receipts()

    # -- evidence --------------------------------------------------------------------------------------------------------------

    @property
    def trust(self) -> TrustFile:
        """The trust file of this consortium."""
        return parse_trust_file(encode_trust_file(self.founding.genesis, self.founding.genesis_digest))

    def export(self, **options: Any) -> bytes:
        """The bundle of the job."""
        return export_evidence(self, JOB, **options)

    def assemble(self, **options: Any) -> bytes:
        """The same, even if it does not hold."""
        return assemble_evidence(self, JOB, **options)

    def verify(self, data: bytes, **options: Any) -> Finding:
        """What this consortium's trust file makes of a bundle."""
        return verify_evidence(data, self.trust, **options)

    def entry_of_transaction(self, height: int) -> bytes:
        """The first transaction of a block, as a bundle's entry under the newest checkpoint."""
        return self.entry_of_index(self._summary(height).first)

    def entry_of_block(self, height: int) -> bytes:
        """A block's summary, as a bundle's entry under the newest checkpoint."""
        summary = self._summary(height)
        return self.entry_of_index(summary.first + len(summary.outcomes))

    def entry_of_record(self, kind: type[Record], identifier: str, height: int) -> bytes:
        """A record, or that there is none, as a bundle's entry."""
        tree = self.ledger.tree_at(height)
        assert tree is not None
        return encode_part(Proven(proof=encode_proof(tree.prove(record_key(kind, identifier)))))

    def outcomes_of(self, height: int) -> bytes:
        """What became of a block's transactions."""
        return self._summary(height).outcomes

    def swapped(self, entries: dict[str, bytes], name: str, height: int) -> dict[str, bytes]:
        """A bundle's entries with another transaction in one's place, and everything that this one needs."""
        kid = parse_transaction(self.all_blocks[height - 1].transactions[0])[0].kid.decode()
        org = parse_transaction(self.all_blocks[height - 1].transactions[0])[1].sender
        return entries | {
            name: self.entry_of_transaction(height),
            f"block {height}": self.entry_of_block(height),
            f"key {kid} at block {height}": self.entry_of_record(Key, kid, height),
            f"member {org} at block {height}": self.entry_of_record(Member, org, height),
        }

    def _summary(self, height: int) -> BlockSummary:
        return next(
            summary
            for data in self.log_entries[1:]
            if reads_as_summary(data) and (summary := parse_message(data, BlockSummary)).height == height
        )

    def entry_of_index(self, index: int) -> bytes:
        """A log entry, as a bundle's entry under the newest checkpoint."""
        proof = tuple(self.ledger.log.inclusion_proof(index, self.ledger.log.size))
        return encode_part(Logged(index=index, data=self.log_entries[index], proof=proof))

    # -- EvidenceSource --------------------------------------------------------------------------------------------------------

    def entries(self, first: int, count: int) -> Sequence[bytes]:
        """Where a quorum cheated about an outcome, the exporter sees the honest one and leaves that transaction out."""
        return [self.honest.get(at, self.log_entries[at]) for at in range(first, first + count)]

    def blocks(self, first: int, last: int) -> Iterable[Block]:
        return self.all_blocks[first - 1 : last]

    def seal(self) -> bytes:
        return self.newest

    def seal_of(self, height: int) -> bytes | None:
        return next((one.data for one in self.kept if one.height >= height), None)

    def body(self, kind: str, identifier: str) -> bytes | None:
        return self.bodies.get((kind, identifier))


def encode_like(tag: str, **fields: Any) -> bytes:
    """A body as another layer might write it."""
    return encode([tag, fields])


def resummarise(executed: Executed, **cheats: Any) -> Executed:
    """Let the summary say what the tree says, and whatever else is wanted."""
    summary = replace(executed.summary, state_root=executed.tree.root, **cheats)
    entries = (*executed.entries[:-1], encode_message(summary))
    return replace(executed, summary=summary, entries=entries, leaves=tuple(leaf_hash(one) for one in entries))


# -- surgery on bundles --------------------------------------------------------------------------------------------------------


def unpack(data: bytes) -> dict[str, bytes]:
    """Names and bytes of a bundle's entries."""
    return {entry.name: entry.body for entry in parse_bundle(data).entries}


def pack(entries: Mapping[str, bytes]) -> bytes:
    """A bundle whose digests all fit, whatever is in it."""
    return encode_bundle(entries.items())


def number_of(data: bytes, name: str) -> int:
    """The number of an entry."""
    return list(unpack(data)).index(name) + 1
