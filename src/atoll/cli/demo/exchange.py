"""The one flow, through each organisation's own client: register, find, permit, ask, wait, read.

Nothing here is special to the demo: a program of an organisation would do the same calls on its own node.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from atoll.api.models import CapModel, CatalogueEntry, DatasetInfo, GiveGrant, JobInfo, RegisterColumn, RegisterDataset
from atoll.cli.demo.consortium import ORGS
from atoll.cli.demo.errors import NoTables
from atoll.cli.demo.proof import export
from atoll.cli.demo.stage import Stage
from atoll.client import Node, RefusedByNode
from atoll.protocols.identifiers import normalise, parse_rule
from atoll.testing import tables  # layers: world in memory
from atoll.testing.tables import Table  # layers: world in memory

PURPOSE = "credit-check"
USES = 20
RUNS = 100
"""How many whole tables the scenarios and attacks may bring in a month, all pairs together."""
JOB_SECONDS = 600.0
ECDH = "psi-ecdh-curve25519"


@dataclass(frozen=True, slots=True)
class Registered:
    """One organisation's dataset, as a member finds it in the catalogue."""

    table: Table
    folder: Path
    """Where the table came from; the clear answer is computed from there."""
    info: DatasetInfo


@dataclass(frozen=True, slots=True)
class Permit:
    """An owner's grant of one dataset."""

    owner: Registered
    grant: str
    grant_version: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """Datasets that meet: the receiver's own, and those that their owners have permitted it to meet."""

    receiver: Registered
    permits: tuple[Permit, ...]

    def spec(self) -> dict[str, object]:
        """What the receiver's organisation proposes."""
        owners = [_side(one.owner) | {"grants": [{"grant": one.grant, "version": one.grant_version}]} for one in self.permits]
        return {"owners": owners, "receivers": [_side(self.receiver)]}

    def expected(self) -> set[bytes]:
        """The intersection, computed in the clear from the files, by code that shares nothing with the private one."""
        sides = (self.receiver, *(one.owner for one in self.permits))
        return set.intersection(*(tables.clear_identifiers(one.table, one.folder) for one in sides))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job."""

    job: JobInfo
    """As the receiver's node shows it."""
    found: set[bytes]
    """The result, normalised by the rule in the plan."""
    seconds: float
    """From the proposal to the last receipt."""

    def in_words(self, expected: int) -> str:
        """One line about it."""
        why = f", {self.job.reason}" if self.job.reason else ""
        return f"{self.job.state}{why}: {len(self.found)} identifiers found, {expected} in the clear beside it"


class Exchange:
    """What the organisations of a stage do with each other."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._registered: dict[tuple[str, Path], Registered] = {}
        self._permits: dict[tuple[str, str, Path], Permit] = {}
        self._bundle: bytes | None = None

    def examples(self) -> Path:
        """The folder of the scenarios' tables: the committed excerpts, or larger ones grown from them.

        Raises:
            NoTables: this is not a checkout of the repository.
        """
        rows = self._stage.scale.rows
        if rows is not None:
            return self.grown(rows)
        try:
            return tables.examples_folder()
        except FileNotFoundError as err:
            raise NoTables(reason=str(err)) from err

    def grown(self, rows: int) -> Path:
        """A folder with tables of this many rows: copies of real rows under newly assigned identifiers."""
        folder = self._stage.folder / f"tables-{rows}"
        if not folder.is_dir():
            folder.mkdir()
            chance = self._stage.chance
            tables.generate(folder, rows=rows, overlap=chance.uniform(0.2, 0.5), seed=chance.getrandbits(32))
        return folder

    def register(self, table: Table, folder: Path) -> Registered:
        """The owner puts the file into its data folder and registers it; every member's catalogue has it then."""
        known = self._registered.get((table.owner, folder))
        if known is not None:
            return known
        name, _, suffix = table.file.partition(".")
        file = f"{name}-{len(self._registered)}.{suffix}"
        home = self._stage.consortium.home(table.owner)
        (home / "data" / file).write_bytes((folder / table.file).read_bytes())
        dataset = self._stage.client(table.owner).datasets.register(
            RegisterDataset(
                name=name.replace("_", "-"),
                path=file,
                table=table.address.partition("#")[2],
                title=f"{name.replace('_', ' ')} of the {table.owner}",
                description="Real rows of an open table (UCI, Yeh 2009); the identifiers are assigned.",
                columns=[
                    RegisterColumn(
                        name=table.id_column,
                        semantics="national-id",
                        level=2,
                        exposure="after-join",
                        normalisation=tables.ID_RULE,
                    )
                ],
                purposes=[PURPOSE],
                reason="the numbers were assigned to rows of an open table, and are nobody's own",
            )
        )
        info = self._stage.client(table.owner).datasets.show(dataset)
        registered = Registered(table, folder, info)
        self._registered[table.owner, folder] = registered
        return registered

    def find(self, org: str, owner: str, mine: Registered) -> CatalogueEntry:
        """What a member finds of an owner that could meet its own dataset, with a card that fits its commitment."""

        def look(node: Node) -> CatalogueEntry:
            page = node.catalogue.search(owners=[owner], states=["active"], matching=mine.info.dataset)
            return [one for one in page.entries if one.card_verified][0]  # noqa: RUF015 - an IndexError asks again

        return self._stage.seen_by(org, f"a dataset of {owner}", look)

    def permit(self, owner: Registered, receiver: Registered) -> Permit:
        """The owner grants the receiver's organisation the use of one dataset, for one purpose and kind of job."""
        key = (owner.info.dataset, receiver.info.dataset, owner.folder)
        if key not in self._permits:
            grantee = receiver.table.owner
            grant = self._stage.client(owner.table.owner).grants.give(
                GiveGrant(
                    grantee=grantee,
                    dataset=owner.info.dataset,
                    uses=USES,
                    columns=[owner.table.id_column],
                    purposes=[PURPOSE],
                    new_identifiers=CapModel(limit=RUNS * receiver.info.rows_at_most, days=30),
                )
            )
            mine = self._stage.seen_by(grantee, "the grant", lambda node: {one.grant: one for one in node.grants.list()}[grant])
            self._permits[key] = Permit(owner, grant, mine.version)
        return self._permits[key]

    def forget(self, meeting: Meeting) -> None:
        """Have the next such use permitted anew."""
        self._permits = {key: one for key, one in self._permits.items() if one not in meeting.permits}

    def meeting(self, receiver: Registered, *owners: Registered) -> Meeting:
        """What the receiver may compare with its own once every owner has permitted it."""
        return Meeting(receiver, tuple(self.permit(one, receiver) for one in owners))

    def pair(self, owner: Table, receiver: Table, folder: Path) -> Meeting:
        """Register both tables and permit their use, as far as that has not been done."""
        theirs, mine = self.register(owner, folder), self.register(receiver, folder)
        return self.meeting(mine, theirs)

    def explain(self, meeting: Meeting) -> str:
        """Which protocol the planner chooses, and why."""
        jobs = self._stage.client(meeting.receiver.table.owner).jobs
        return jobs.draft("intersection", meeting.spec(), purpose=PURPOSE).why

    def propose(self, meeting: Meeting, *, rounds: int = 1, purpose: str = PURPOSE) -> str:
        """The receiver's organisation proposes the job, cut into so many rounds; its identifier."""
        spec = meeting.spec()
        if rounds > 1:  # by the protocol that can be cut at will
            spec["protocol"] = ECDH
            spec["keys_per_round"] = -(-meeting.receiver.info.rows_at_most // rounds)
        return self._stage.client(meeting.receiver.table.owner).jobs.propose("intersection", spec, purpose=purpose)

    def finish(self, meeting: Meeting, job: str, *, since: float) -> Answer:
        """Wait for the job's end and read the result."""
        jobs = self._stage.client(meeting.receiver.table.owner).jobs
        info = jobs.wait(job, timeout_seconds=JOB_SECONDS)
        seconds = time.monotonic() - since
        if info.state != "completed":
            return Answer(info, set(), seconds)
        rule = parse_rule(tables.ID_RULE)
        return Answer(info, {normalise(rule, cell) for cell in jobs.arrow(job).column(0).to_pylist()}, seconds)

    def run(self, meeting: Meeting) -> Answer:
        """Propose, wait, read."""
        since = time.monotonic()
        return self.finish(meeting, self.propose(meeting), since=since)

    def evidence(self) -> bytes:
        """The evidence bundle of the main job, which is run for it if it has not been."""
        if self._bundle is None:
            pair = self.pair(tables.BUREAU, tables.BANK, self.examples())
            self.keep_evidence(export(self._stage, self.run(pair).job.job))
        assert self._bundle is not None
        return self._bundle

    def keep_evidence(self, bundle: bytes) -> None:
        """What `evidence` gives from now on."""
        self._bundle = bundle

    def readers_of(self, job: str) -> list[str]:
        """The organisations whose node hands out the result of a job; everybody's is asked."""
        readers = []
        for org in ORGS:
            try:
                self._stage.client(org).jobs.result(job)
            except RefusedByNode:
                continue
            readers.append(org)
        return readers


def _side(registered: Registered) -> dict[str, object]:
    return {
        "org": registered.table.owner,
        "dataset": registered.info.dataset,
        "columns": [registered.table.id_column],
        "normalisation": [tables.ID_RULE],
        "rows_cap": registered.info.rows_at_most,
    }
