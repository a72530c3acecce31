"""A ledger's state on paper: one transaction at a time, and what it changed.

lagoon = Lagoon().with_grant()
lagoon.propose()
lagoon.refused(PlanMismatch, "bureau", lagoon.consent_of("bureau", plan_digest=bytes(32)))

Every refusal is checked to leave nothing behind but its sender's nonce, so no test has to say so again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Self, TypeVar

from atoll.errors import RuleError
from atoll.ledger.apply import Context, Outcome, apply
from atoll.ledger.genesis import first_state
from atoll.ledger.records import (
    Approver,
    Budget,
    Chain,
    ConsensusSet,
    Dataset,
    Grant,
    InviteRecord,
    Job,
    JobInput,
    Key,
    KeyPointer,
    Motion,
    Nonce,
    OprfKey,
    OrderAction,
    Record,
    Regrade,
    TargetKind,
    budget_id,
    grant_account,
    lineage_account,
    record_key,
)
from atoll.ledger.rules.approver import NEEDED, ConsentApproval, RegradeApproval
from atoll.ledger.rules.budget import SetBudget
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grade import RegradeDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.job import ConsentJob, ProposeJob, StartJob
from atoll.ledger.rules.keys import RotateKey, change_bytes
from atoll.ledger.rules.membership import EnrolMember, InviteMember, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion
from atoll.ledger.rules.oprf import RequestEvaluation
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.ledger.state import State
from atoll.testing.consortium import FOUNDED, Founding, NamedEntropy, Organisation
from atoll.testing.persons import Chain as PaperChain
from atoll.testing.persons import PaperPerson, order_of, signed_order
from atoll.trust.envelope import Context as Meaning
from atoll.trust.invite import Invite, InviteBinding, create_invite
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import Message

R = TypeVar("R", bound=Record)
CUSTOMERS, FILES = "bank/customers/1", "bureau/files/1"
ORDER = b"\x07" * 16
GRANT, JOB, PLAN, RESULT = b"\x61" * 16, b"\x01" * 16, b"\x0d" * 32, b"\x0e" * 32
PARTIES = ("bank", "bureau")
DEADLINE = FOUNDED + 600
RECEIPT_TERM = 3600


class Lagoon:
    """Five members, block after block; the operator orders, the other four count: q = 3."""

    def __init__(self, **options: Any) -> None:
        self.founding = Founding(**options)
        self.base = first_state(self.founding.genesis, self.founding.genesis_digest)
        self.state = State(self.base)
        self.height, self.time = 1, FOUNDED + 1
        self._evaluations = 1000

    # -- one transaction -------------------------------------------------------------------------------------------------------

    def submit(self, data: bytes) -> Outcome:
        """Carry out the bytes of a transaction at this height and time."""
        return apply(self.state, data, Context(height=self.height, time=self.time))

    def do(self, org: str, body: Message, **signing: Any) -> Self:
        """A transaction that must be carried out."""
        outcome = self.submit(self.founding.sign(org, body, **signing))
        assert outcome.ok, outcome
        return self

    def refused(self, error: type[RuleError], org: str, body: Message, **signing: Any) -> str:
        """A transaction that must be refused in this way and change nothing but the nonce; the refusal's sentence."""
        return self.refused_bytes(error, self.founding.sign(org, body, **signing), sender=org)

    def refused_bytes(self, error: type[RuleError], data: bytes, *, sender: str = "") -> str:
        """The same, of any bytes."""
        before = self.records()
        outcome = self.submit(data)
        assert (outcome.code, outcome.number) == (error.code, error.number), outcome
        changed = {key for key, value in self.records().items() if before.get(key) != value}
        assert changed <= {record_key(Nonce, sender)}, f"the refusal left {changed} behind"
        return outcome.sentence

    def call(self, sender: str) -> Call:
        """What a rule is given now, for the helpers of rules."""
        return Call(state=self.state, height=self.height, time=self.time, sender=sender, chain=self.get(Chain, "0"))

    def later(self, *, heights: int = 1, seconds: int = 1) -> Self:
        """Time goes on."""
        self.height, self.time = self.height + heights, self.time + seconds
        return self

    # -- the state -------------------------------------------------------------------------------------------------------------

    def records(self) -> dict[bytes, bytes]:
        """Every record, by raw key."""
        return self.base | self.state.changes()

    def get(self, kind: type[R], identifier: str) -> R:
        """A record that must be there."""
        record = self.state.get(kind, identifier)
        assert record is not None, f"there is no {kind.NAMESPACE} {identifier}"
        return record

    def put(self, record: Record) -> None:
        """Change the state behind the rules' back, for what no rule can do yet."""
        self.state.put(record)
        self.state.keep()

    def job(self, job_id: bytes = JOB) -> Job:
        """A job's record."""
        return self.get(Job, job_id.hex())

    def grant(self) -> Grant:
        """The bureau's grant to the bank."""
        return self.get(Grant, GRANT.hex())

    def uses(self, grant: bytes = GRANT) -> tuple[int, int]:
        """Reserved and spent uses of a grant."""
        budget = self.get(Budget, budget_id(grant_account(grant), "uses"))
        return budget.reserved, budget.spent

    def lineage(self, lineage: str, unit: str) -> tuple[int, int]:
        """Reserved and spent of a lineage's account."""
        budget = self.get(Budget, budget_id(lineage_account(lineage), unit))
        return budget.reserved, budget.spent

    # -- keys ------------------------------------------------------------------------------------------------------------------

    def key(self, org: str, purpose: Purpose) -> Key:
        """A member's current key."""
        version = self.get(KeyPointer, f"{org}/{purpose}").version
        return self.get(Key, f"{org}/{purpose}/{version}")

    def second(self, org: str, purpose: Purpose, what: bytes, *, by: SecretKey | None = None) -> bytes:
        """A signature over a change to a key: of the organisation's recovery key, or of another."""
        version = self.key(org, purpose).version
        signed = change_bytes(self.founding.genesis_digest, org, purpose, version, what)
        return (by or self.founding.keys[org][Purpose.RECOVERY]).sign(signed)

    def rotate(self, org: str, purpose: Purpose, new: SecretKey, **signing: Any) -> Self:
        """A proper rotation."""
        second = self.second(org, purpose, new.public.data) if purpose in (Purpose.IDENTITY, Purpose.RECOVERY) else b""
        return self.do(org, RotateKey(purpose=purpose, public=new.public.data, second=second), **signing)

    def invite(
        self,
        newcomer: Organisation,
        *,
        roles: Sequence[str] = ("owner",),
        expires_at: int = FOUNDED + 100,
        carried: bool = True,
    ) -> Invite:
        """The operator invites, and the members that count approve."""
        binding = InviteBinding(
            organisation=newcomer.org,
            key_digest=newcomer.keys[Purpose.IDENTITY].public.digest,
            genesis_digest=self.founding.genesis_digest,
            expires_at=expires_at,
            issuer="operator",
        )
        invite = create_invite(binding, NamedEntropy(f"invite {newcomer.org}"))
        body = InviteMember(
            org=newcomer.org,
            commitment=invite.commitment,
            roles=tuple(roles),
            validating=True,
            expires_at=expires_at,
            newcomer=newcomer_of(newcomer.enrolment()),
        )
        self.do("operator", body)
        if carried:
            self.carry(self.get(InviteRecord, newcomer.org).motion)
        return invite

    def carry(self, number: int) -> Self:
        """As many approve a motion as it needs."""
        for org in self.get(Motion, str(number)).counts(self.get(ConsensusSet, "0").voices()):
            motion = self.get(Motion, str(number))
            if not motion.carried_height and org not in [one.org for one in motion.approvals]:
                self.do(org, ApproveMotion(number=number))
        return self

    def counted(self) -> tuple[str, ...]:
        """Who counts."""
        return tuple(one.org for one in self.get(ConsensusSet, "0").counted())

    def with_oprf_key(self) -> Self:
        """A key stands among the four that count, whatever it is."""
        members = ("auditor", "bank", "bureau", "telecom")
        shares = tuple(bytes([place]) * 32 for place in range(1, 5))
        self.put(
            OprfKey(
                epoch=1,
                threshold=3,
                weakest=3,
                members=members,
                public=b"\x63" * 32,
                shares=shares,
                dealers=members,
                holders=members,
            )
        )
        return self

    # -- persons and orders ----------------------------------------------------------------------------------------------------

    @property
    def chain(self) -> PaperChain:
        """What persons' signatures are bound to."""
        return PaperChain(self.founding.chain_id, self.founding.genesis_digest)

    def with_persons(self, org: str, *names: str) -> dict[str, PaperPerson]:
        """Approvers of an organisation, each let in by those before it, the first two by the recovery key as well."""
        persons: list[PaperPerson] = []
        for name in names:
            new = PaperPerson(org, name)
            recovery = self.founding.keys[org][Purpose.RECOVERY] if len(persons) < NEEDED else None
            self.do(org, new.request(self.chain, persons[:2], not_after=self.time + 60, recovery=recovery))
            new.number = self.get(Approver, f"{org}/{name}").number
            persons.append(new)
        return {one.person: one for one in persons}

    def ordered(
        self,
        action: str,
        kind: str,
        target: str,
        persons: Sequence[PaperPerson],
        *,
        regulator: str = "auditor",
        order: bytes = ORDER,
        lifts: bytes = b"",
        not_after: int = 0,
    ) -> Message:
        """The transaction that gives an order."""
        body = order_of(
            regulator,
            OrderAction(action),
            TargetKind(kind),
            target,
            order=order,
            lifts=lifts,
            not_after=not_after or self.time + 60,
        )
        return signed_order(self.chain, body, persons)

    def approval(self, person: PaperPerson, **changes: Any) -> bytes:
        """A person's signature under the usual job, for its organisation's consent."""
        said = {"job_id": JOB, "plan_digest": PLAN, "org": person.org, **changes}
        return person.sign(self.chain, ConsentApproval(**said), Meaning.APPROVAL)

    def signed_for(self, person: PaperPerson, level: int, *, dataset: str = FILES, **changes: Any) -> RegradeDataset:
        """What lowers a dataset, with a person's signature."""
        last = self.state.get(Regrade, dataset)
        said = {
            "org": person.org,
            "since": last.height if last else 0,
            "not_after": self.time + 60,
            "level": level,
            "dataset": dataset,
            **changes,
        }
        signed = person.sign(self.chain, RegradeApproval(**said), Meaning.REGRADE)
        return regrading(dataset=dataset, level=level, reason_commitment=bytes(32), approval=signed)

    def approve(self, person: PaperPerson) -> Self:
        """The consent of a person's organisation, with its signature."""
        return self.do(person.org, consent(approval=self.approval(person)))

    # -- the usual story -------------------------------------------------------------------------------------------------------

    def with_datasets(self) -> Self:
        """The bank and the bureau have registered one dataset each."""
        return self.do("bank", registration(CUSTOMERS)).do("bureau", registration(FILES))

    def register(self, dataset: str, *contents: str, **changes: Any) -> Self:
        """With tags: three contents, of its bytes, its rows, and its rows without names; one stands for all three."""
        owner, number = dataset.split("/")[0], self._evaluations
        self._evaluations += 1
        self.do(owner, evaluation(number))
        said = contents if len(contents) == 3 else contents * 3
        tags = tuple(sha256(f"{layer} {content}".encode()).digest() for layer, content in enumerate(said))
        return self.do(owner, registration(dataset, evaluation=number.to_bytes(16, "big"), tags=tags, **changes))

    def dataset(self, dataset: str) -> Dataset:
        """A version's record."""
        return self.get(Dataset, dataset)

    def with_grant(self, *, uses: int = 5) -> Self:
        """The bureau has granted the bank the use of its dataset."""
        return self.with_datasets().do("bureau", permission(uses=uses))

    def cap(self, dataset: str, unit: str, limit: int, *, to: str = "", purpose: bytes = b"") -> Self:
        """An owner caps a lineage, for everybody, for one recipient or for one purpose."""
        owner, name, _ = dataset.split("/")
        return self.do(owner, SetBudget(name=name, unit=unit, limit=limit, to=to, purpose=purpose))

    def propose(self, job_id: bytes = JOB, **changes: Any) -> Self:
        """The bank proposes."""
        return self.do("bank", proposal(job_id=job_id, **changes))

    def consent(self, *orgs: str, job_id: bytes = JOB) -> Self:
        """Parties consent; all of them where none is named."""
        for org in orgs or self.job(job_id).parties:
            self.do(org, consent(job_id=job_id))
        return self

    def start(self, job_id: bytes = JOB) -> Self:
        """The bank asks for START, and gets it."""
        return self.do("bank", StartJob(job_id=job_id))

    def consented(self, job_id: bytes = JOB, **changes: Any) -> Self:
        """A job that lacks nothing but its START."""
        return self.propose(job_id, **changes).consent(job_id=job_id)

    def started(self, job_id: bytes = JOB) -> Self:
        """A job that runs."""
        return self.consented(job_id).start(job_id)


def registration(dataset: str, *, level: int = 2, **changes: Any) -> RegisterDataset:
    """Of a dataset version."""
    return RegisterDataset(dataset=dataset, card_commitment=b"\x0c" * 32, level=level, **changes)


def regrading(**changes: Any) -> RegradeDataset:
    """Of the bureau's dataset."""
    return replace(RegradeDataset(dataset=FILES, level=3, table="gbt-43697-2024/1"), **changes)


def permission(**changes: Any) -> GiveGrant:
    """The bureau's grant to the bank."""
    grant = GiveGrant(
        grant=GRANT,
        grantee="bank",
        dataset=FILES,
        terms_commitment=b"\x0b" * 32,
        uses=5,
        not_before=FOUNDED,
        not_after=FOUNDED + 10_000,
    )
    return replace(grant, **changes)


OWN_INPUT = JobInput(dataset=CUSTOMERS, user="bank", grant=b"", grant_version=0, rows_cap=500, receiver="bank")
GRANTED_INPUT = JobInput(dataset=FILES, user="bureau", grant=GRANT, grant_version=1, rows_cap=1000, receiver="bank")


def proposal(**changes: Any) -> ProposeJob:
    """The bank would learn which of its customers the bureau knows."""
    asked = ProposeJob(
        job_id=JOB,
        kind="intersection",
        plan_digest=PLAN,
        parties=PARTIES,
        receivers=("bank",),
        inputs=(GRANTED_INPUT, OWN_INPUT),
        not_after=DEADLINE,
    )
    return replace(asked, **changes)


def consent(**changes: Any) -> ConsentJob:
    """To the usual plan."""
    given = ConsentJob(job_id=JOB, plan_digest=PLAN, job_key=b"\x0a" * 32, software="atoll 1", build="sha256:00")
    return replace(given, **changes)


def receipt(**changes: Any) -> GiveReceipt:
    """Of the usual result."""
    signed = GiveReceipt(job_id=JOB, plan_digest=PLAN, result_commitment=RESULT, detail_commitment=b"\x0f" * 32)
    return replace(signed, **changes)


def enrolment(newcomer: Organisation, secret: bytes, **changes: Any) -> EnrolMember:
    """A newcomer's answer to its invitation."""
    said = replace(newcomer.enrolment(roles=("owner",)), **changes)
    return EnrolMember(enrolment=said, token_secret=secret)


def new_key(purpose: Purpose, name: str = "new") -> SecretKey:
    """A key that nobody has registered."""
    return SecretKey.generate(purpose, NamedEntropy(f"{name} {purpose}"))


def evaluation(number: int = 0, **changes: Any) -> RequestEvaluation:
    """A request for an evaluation of three inputs."""
    body = RequestEvaluation(id=number.to_bytes(16, "big"), digest=bytes(32), elements=3)
    return replace(body, **changes)
