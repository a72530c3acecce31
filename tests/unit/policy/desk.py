"""The bureau's desk: a question that it permits, and ways to change one thing in it.

desk = Desk()
desk.verdict()                                      # ("permit", "policy.permit")
desk.terms_say(Operand.ROWS, Operator.LTEQ, "10")   # change one thing
desk.verdict()                                      # ("deny", "policy.terms")
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from atoll.ledger.plan import Coalition, Limits, Plan, PlanInput, PlanOutput, PlanParty
from atoll.ledger.records import (
    Budget,
    Chain,
    Dataset,
    DatasetState,
    Grant,
    GrantState,
    Hold,
    Member,
    MemberState,
    Record,
    Right,
    RightKind,
    StandingConsent,
    StandingState,
    TargetKind,
    budget_id,
    grant_account,
    lineage_account,
    record_key,
    root_right,
    root_right_id,
    standing_account,
)
from atoll.policy.card import ColumnCard, DatasetCard
from atoll.policy.decide import Decision, Question, decide
from atoll.policy.demand import Demand, Exposure
from atoll.policy.local import LocalRules
from atoll.policy.odrl import Performance
from atoll.policy.scopes import RightScope
from atoll.policy.standing_terms import StandingTerms
from atoll.policy.terms import Constraint, GrantTerms, Operand, Operator, TermRule

NOW = 1_780_000_000
CUSTOMERS, FILES = "bank/customers/1", "bureau/files/1"
GRANT = b"\x61" * 16
RIGHT = b"\x71" * 16
FILES_RIGHT = root_right_id("bureau/files")
STANDING = b"\x05" * 16
R = TypeVar("R", bound=Record)


class Records:
    """A ledger of hand-written records."""

    def __init__(self) -> None:
        self._records: dict[bytes, Record] = {}

    def put(self, *records: Record) -> None:
        self._records |= {one.key(): one for one in records}

    def drop(self, kind: type[Record], identifier: str) -> None:
        self._records.pop(record_key(kind, identifier), None)

    def get(self, kind: type[R], identifier: str) -> R | None:
        found = self._records.get(record_key(kind, identifier))
        assert found is None or isinstance(found, kind)
        return found


def member(org: str, **changes: Any) -> Member:
    """An active member."""
    fields: dict[str, Any] = {
        "org": org,
        "title": org,
        "legal_id": org,
        "affiliation": "",
        "roles": ("owner", "user"),
        "state": MemberState.ACTIVE,
        "peer": "",
        "https": "",
        "joined_height": 0,
    }
    return Member(**fields | changes)


def dataset(name: str, **changes: Any) -> Dataset:
    """A registered dataset."""
    owner, short, _ = name.split("/")
    fields: dict[str, Any] = {
        "dataset": name,
        "owner": owner,
        "lineage": f"{owner}/{short}",
        "card_commitment": bytes(32),
        "level": 2,
        "state": DatasetState.ACTIVE,
        "height": 1,
    }
    return Dataset(**fields | changes)


def budget(account: str, unit: str, *, limit: int, reserved: int = 0, spent: int = 0) -> Budget:
    return Budget(account=account, unit=unit, owner="bureau", limit=limit, reserved=reserved, spent=spent)


def column(name: str, **changes: Any) -> ColumnCard:
    fields: dict[str, Any] = {
        "name": name,
        "kind": "string",
        "semantics": "",
        "level": 2,
        "exposure": Exposure.AFTER_JOIN,
        "normalisation": "",
    }
    return ColumnCard(**fields | changes)


def files_input(**changes: Any) -> PlanInput:
    """What the bureau brings."""
    fields: dict[str, Any] = {
        "role": "owner",
        "index": 0,
        "dataset": FILES,
        "columns": ("national_id", "name"),
        "normalisation": ("national-id/1", "text/1"),
        "rows_cap": 1000,
        "grant": GRANT,
        "grant_version": 3,
    }
    return PlanInput(**fields | changes)


OWN_INPUT = PlanInput(
    role="receiver",
    index=0,
    dataset=CUSTOMERS,
    columns=("id",),
    normalisation=("national-id/1",),
    rows_cap=5000,
    grant=b"",
    grant_version=0,
)
PLAN = Plan(
    salt=bytes(32),
    chain_id="lagoon",
    genesis_digest=bytes(32),
    job_id=bytes(16),
    kind="intersection",
    protocol="psi-ecdh-curve25519",
    protocol_version=1,
    program={},
    parties=(PlanParty(role="owner", index=0, org="bureau"), PlanParty(role="receiver", index=0, org="bank")),
    inputs=(files_input(), OWN_INPUT),
    outputs=(PlanOutput(index=0, gets=("identifiers",)),),
    coalitions=(Coalition(members=("bank",), reads=("bureau/files/1:national_id",)),),
    adversary_model="semi-honest",
    leakage="sizes",
    purpose="credit-check",
    limits=Limits(memory_bytes=2**28, traffic_bytes=2**20, attempts=2),
    not_after=NOW + 600,
)
DEMAND = Demand(
    owner_org="bureau",
    dataset=FILES,
    columns=(("national_id", Exposure.AFTER_JOIN), ("name", Exposure.ENCRYPTED_ONLY)),
    action="use",
    purpose="credit-check",
    receivers=("bank",),
    rows_cap=1000,
    uses=1,
)
OWN_DEMAND = Demand(
    owner_org="bank",
    dataset=CUSTOMERS,
    columns=(("id", Exposure.ENCRYPTED_ONLY),),
    action="use",
    purpose="credit-check",
    receivers=("bank",),
    rows_cap=5000,
    uses=1,
)
CARD = DatasetCard(
    salt=bytes(32),
    dataset=FILES,
    title="Files",
    description="",
    source="csv",
    rows_at_most=1024,
    columns=(
        column("national_id", normalisation="national-id/1"),
        column("name", exposure=Exposure.ENCRYPTED_ONLY, normalisation="text/1"),
        column("income", exposure=Exposure.AFTER_AGGREGATE),
        column("notes", exposure=Exposure.HIDDEN),
    ),
    level=2,
    purposes=(),
    content_commitment=bytes(32),
    parents=(),
)
TERMS = GrantTerms(
    salt=bytes(32),
    grant=GRANT,
    assigner="bureau",
    assignee="bank",
    target=FILES,
    permissions=(
        TermRule(action="use", constraints=(Constraint(left=Operand.PURPOSE, operator=Operator.EQ, right=("credit-check",)),)),
    ),
    prohibitions=(),
)


@dataclass
class Desk:
    """Everything the bureau's decision rests on; change what you like before asking."""

    me: str = "bureau"
    proposer: str = "bank"
    plan: Plan = PLAN
    demands: tuple[Demand, ...] = (DEMAND, OWN_DEMAND)
    view: Records = field(default_factory=Records)
    cards: dict[str, DatasetCard] = field(default_factory=lambda: {FILES: CARD})
    terms: dict[bytes, GrantTerms] = field(default_factory=lambda: {GRANT: TERMS})
    revoked: set[bytes] = field(default_factory=set)
    rules: LocalRules = field(default_factory=LocalRules)
    now: int = NOW
    scopes: dict[bytes, RightScope] = field(default_factory=dict)
    standing: tuple[StandingTerms, ...] = ()
    performed: dict[str, Performance] = field(default_factory=dict)
    promised: int = 0
    charged: bool = False

    def __post_init__(self) -> None:
        self.view.put(
            Chain(chain_id="lagoon", genesis_digest=bytes(32), rules_version=1, test=False, receipt_term_seconds=60),
            *(member(org) for org in ("bank", "bureau", "telecom")),
            member("operator", roles=("operator",)),
            dataset(FILES),
            dataset(CUSTOMERS),
            root_right("bureau/files", holder="bureau", height=1),
            root_right("bank/customers", holder="bank", height=1),
            Grant(
                grant=GRANT,
                version=3,
                owner="bureau",
                giver="bureau",
                right=FILES_RIGHT,
                grantee="bank",
                dataset=FILES,
                terms_commitment=bytes(32),
                not_before=NOW - 100,
                not_after=NOW + 100,
                state=GrantState.ACTIVE,
            ),
            budget(grant_account(GRANT), "uses", limit=5, reserved=1, spent=1),
            budget(grant_account(GRANT), "micro-epsilon", limit=2_000_000, reserved=0, spent=0),
        )

    # -- changing one thing ----------------------------------------------------------------------------------------------------

    def change(self, kind: type[Record], identifier: str, **changes: Any) -> Desk:
        """A record."""
        found = self.view.get(kind, identifier)
        assert found is not None
        self.view.put(type(found).from_map(found.to_map() | changes))
        return self

    def change_plan(self, **changes: Any) -> Desk:
        self.plan = replace(self.plan, **changes)
        return self

    def change_input(self, **changes: Any) -> Desk:
        """What the plan says of the bureau's input."""
        return self.change_plan(inputs=(replace(self.plan.inputs[0], **changes), *self.plan.inputs[1:]))

    def change_demand(self, **changes: Any) -> Desk:
        """What the plan asks of the bureau."""
        self.demands = (replace(self.demands[0], **changes), *self.demands[1:])
        return self

    def give_to(self, org: str) -> Desk:
        """Another organisation gets the result, in the plan and in what it asks of the bureau, and proposes the job."""
        self.proposer = org
        parties = (self.plan.parties[0], replace(self.plan.parties[1], org=org))
        return self.change_plan(parties=parties).change_demand(receivers=(org,))

    def charge_epsilon(self, micro: int) -> Desk:
        """Noise of this privacy loss, in the plan and in what it asks of the bureau."""
        return self.change_input(epsilon_micro=micro).change_demand(epsilon_micro=micro)

    def change_output(self, output: str) -> Desk:
        """What the receivers get, in the plan and in what it asks of the bureau."""
        return self.change_plan(outputs=(PlanOutput(index=0, gets=(output,)),)).change_demand(output=output)

    def spell_nothing(self, name: str) -> Desk:
        """The card has no rule for a column any more."""
        columns = (replace(one, normalisation="") if one.name == name else one for one in CARD.columns)
        self.cards[FILES] = replace(CARD, columns=tuple(columns))
        return self

    def permit_output(self, output: str, *constraints: Constraint) -> Desk:
        """Terms with one permission, for this output."""
        named = Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=(output,))
        rule = TermRule(action="use", constraints=(named, *constraints))
        self.terms[GRANT] = replace(TERMS, permissions=(rule,))
        return self

    def receive_at_home(self) -> Desk:
        """The bureau's line is its own run: it receives, without a grant, and the bank serves and proposes."""
        parties = (PlanParty(role="owner", index=0, org="bank"), PlanParty(role="receiver", index=0, org="bureau"))
        return self.change_plan(parties=parties).change_input(grant=b"", grant_version=0).change_demand(receivers=("bureau",))

    def add_granted_run(self) -> Desk:
        """A second run on the bureau's files, in which the bank receives by its grant."""
        self.demands = (*self.demands, replace(DEMAND, output=self.demands[0].output))
        parties = (*self.plan.parties, PlanParty(role="receiver", index=1, org="bank"))
        return self.change_plan(inputs=(*self.plan.inputs, files_input(receiver=1)), parties=parties)

    def change_grant(self, **changes: Any) -> Desk:
        return self.change(Grant, GRANT.hex(), **changes)

    def change_root(self, **changes: Any) -> Desk:
        """The root right of the bureau's files."""
        return self.change(Right, FILES_RIGHT.hex(), **changes)

    def grant_under(self, kind: RightKind, *, giver: str = "telecom", scope: RightScope | None = None, **changes: Any) -> Desk:
        """The grant was given under a right that somebody has from the bureau."""
        root = self.view.get(Right, FILES_RIGHT.hex())
        assert root is not None
        fields: dict[str, Any] = {
            "right": RIGHT,
            "kind": kind,
            "holder": giver,
            "parent": FILES_RIGHT,
            "depth_left": 1,
            "share_ppm": 0,
            "not_before": NOW - 50,
            "not_after": NOW + 50,
        }
        if scope is not None:
            self.scopes[RIGHT] = scope
            fields["scope_commitment"] = bytes(32)
        self.view.put(replace(root, **fields | changes))
        return self.change_grant(giver=giver, right=RIGHT)

    def expose_until(self, time: int) -> Desk:
        """All columns of the bureau's files are hidden after this second."""
        self.cards[FILES] = replace(CARD, columns=tuple(replace(one, exposure_until=time) for one in CARD.columns))
        return self

    def add_party(self, role: str, org: str, index: int = 0) -> Desk:
        """Somebody else sits at the table."""
        return self.change_plan(parties=(*self.plan.parties, PlanParty(role=role, index=index, org=org)))

    def say(self, **rules: Any) -> Desk:
        """Local rules."""
        self.rules = replace(self.rules, **rules)
        return self

    def terms_say(self, left: Operand, operator: Operator, *right: str) -> Desk:
        """One more condition of the permission."""
        first = self.terms[GRANT].permissions[0]
        one = replace(first, constraints=(*first.constraints, Constraint(left=left, operator=operator, right=right)))
        self.terms[GRANT] = replace(self.terms[GRANT], permissions=(one,))
        return self

    def terms_forbid(self, left: Operand, operator: Operator, *right: str) -> Desk:
        """A prohibition."""
        rule = TermRule(action="use", constraints=(Constraint(left=left, operator=operator, right=right),))
        self.terms[GRANT] = replace(self.terms[GRANT], prohibitions=(rule,))
        return self

    def cap(self, unit: str, limit: int, **counts: int) -> Desk:
        """A cap over the lineage."""
        self.view.put(budget(lineage_account("bureau/files"), unit, limit=limit, **counts))
        return self

    def salt_terms(self) -> Desk:
        """The terms give purposes their pseudonyms."""
        self.terms[GRANT] = replace(self.terms[GRANT], purpose_salt=b"\x5a" * 32)
        return self

    def cap_for(self, account: str, unit: str, limit: int, **counts: int) -> Desk:
        """A sub-cap of the lineage: `to:tie` or `for:pseudonym`."""
        self.view.put(budget(f"{lineage_account('bureau/files')}|{account}", unit, limit=limit, **counts))
        return self

    def order(self, kind: str, target: str, *, recall: bool = False) -> Desk:
        """A regulator freezes something, or recalls it."""
        hold = Hold(
            target_kind=TargetKind(kind),
            target=target,
            freezes=() if recall else (b"\x07" * 16,),
            recall=b"\x07" * 16 if recall else b"",
        )
        self.view.put(hold)
        return self

    def use_grant(self, *, limit: int, **counts: int) -> Desk:
        """The grant's own count."""
        self.view.put(budget(grant_account(GRANT), "uses", limit=limit, **counts))
        return self

    def forget_grant_budget(self) -> Desk:
        self.view.drop(Budget, budget_id(grant_account(GRANT), "uses"))
        return self

    def forget_epsilon(self) -> Desk:
        self.view.drop(Budget, budget_id(grant_account(GRANT), "micro-epsilon"))
        return self

    def stand(self, *constraints: Constraint, uses: int = 1, **changes: Any) -> Desk:
        """A standing consent of the bureau, in force, for jobs that these constraints cover."""
        rule = TermRule(action="use", constraints=constraints)
        terms = StandingTerms(salt=bytes(32), standing=STANDING, owner="bureau", title="", permissions=(rule,), prohibitions=())
        fields: dict[str, Any] = {
            "standing": STANDING,
            "owner": "bureau",
            "commitment": bytes(32),
            "not_before": NOW - 10,
            "not_after": NOW + 10,
            "state": StandingState.ACTIVE,
        }
        self.standing = (*self.standing, terms)
        self.view.put(StandingConsent(**fields | changes), budget(standing_account(STANDING), "uses", limit=uses))
        return self

    # -- asking ----------------------------------------------------------------------------------------------------------------

    def question(self) -> Question:
        """What is asked."""
        return Question(
            me=self.me,
            proposer=self.proposer,
            plan=self.plan,
            demands=self.demands,
            view=self.view,
            card=self.cards.get,
            terms=self.terms.get,
            revoked=self.revoked.__contains__,
            rules=self.rules,
            now=self.now,
            scopes=self.scopes.get,
            standing=lambda: self.standing,
            performed=lambda grant: self.performed if grant == GRANT else {},
            promised=lambda grant: self.promised if grant == GRANT else 0,
            charged=self.charged,
        )

    def ask(self) -> Decision:
        """The decision."""
        return decide(self.question())

    def verdict(self) -> tuple[str, str]:
        """Verdict and code."""
        decision = self.ask()
        return str(decision.verdict), decision.code
