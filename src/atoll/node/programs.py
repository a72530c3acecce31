"""Secret programs as people see and review them at this node."""

from __future__ import annotations

from collections.abc import Callable

from atoll.api.models import ProgramInfo, ProgramText
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.reviews import Review, Reviews


class Programs:
    """Shows what a job would run, and keeps what persons say of it."""

    def __init__(self, context: NodeContext, bodies: Bodies, *, on_revoked: Callable[[], None]) -> None:
        """Args: on_revoked: running jobs look again at what they rest on."""
        self._context = context
        self._bodies = bodies
        self._reviews = Reviews(context)
        self._on_revoked = on_revoked

    def list(self) -> list[ProgramInfo]:
        """Programs that somebody here has reviewed, or the local rules name, by digest."""
        found = {one.digest: _info(one) for one in self._reviews.all()}
        for digest in self._context.config.policy.programs or ():
            known = found.get(digest, ProgramInfo(digest=digest, name="", reviewed=True, by="local rules", time=0))
            found[digest] = known.model_copy(update={"reviewed": True, "by": "local rules"})
        return [found[digest] for digest in sorted(found)]

    def show(self, job: str) -> ProgramText:
        """The program of a job, for people: only if it is the one whose digest they would review.

        Raises:
            NoSuchThing: the job has none, or this node holds none of it.
            JobError: the plan names another program than travels beside it, or says of it what is not so.
        """
        plan = self._bodies.plan(job)
        body = self._bodies.get(Kind.ATTACHED, job)
        if plan is None or not body or not self._bodies.fits(self._context.view(), Kind.ATTACHED, job):
            raise NoSuchThing(what="program of the job", name=job)
        kind = job_kind(plan.kind)
        kind.check(plan)
        kind.verify_attached(plan, body)
        digest, name = program_of(plan)
        return ProgramText(
            job=job,
            digest=digest,
            name=name,
            text="\n\n".join((kind.read_attached(plan, body), kind.list_attached(body))),
            reviewed=self._is_reviewed(digest),
        )

    def review(self, digest: str, actor: str) -> ProgramInfo:
        """A person has read the program of this digest and stands for its being run on own data, where grants permit that."""
        return _info(self._reviews.say(digest, name=self._name(digest), in_force=True, actor=actor))

    def revoke(self, digest: str, actor: str) -> ProgramInfo:
        """It is not to be run any more; jobs that run it on own data are stopped at once.

        Raises:
            NoSuchThing: nobody here has reviewed it.
        """
        found = self._reviews.find(digest)
        if found is None:
            raise NoSuchThing(what="reviewed program", name=digest)
        taken_back = self._reviews.say(digest, name=found.name, in_force=False, actor=actor)
        self._on_revoked()
        return _info(taken_back)

    def _is_reviewed(self, digest: str) -> bool:
        return digest in (self._context.config.policy.programs or ()) or self._reviews.holds(bytes.fromhex(digest))

    def _name(self, digest: str) -> str:
        """As the program calls itself, in some job whose plan is here."""
        plans = (self._bodies.plan(one) for one, _ in self._context.store.bodies(Kind.PLAN))
        return next((name for plan in plans if plan is not None for known, name in [program_of(plan)] if known == digest), "")


def program_of(plan: Plan) -> tuple[str, str]:
    """Digest and name of the program of a plan; empty where it has none."""
    digest = plan.program.get("graph", b"")
    name = plan.program.get("name", "")
    return (digest.hex(), name) if isinstance(digest, bytes) and isinstance(name, str) else ("", "")


def _info(review: Review) -> ProgramInfo:
    return ProgramInfo(digest=review.digest, name=review.name, reviewed=review.in_force, by=review.by, time=review.time)
