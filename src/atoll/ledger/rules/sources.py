"""What a registration says it was made from: bounded, never less than the version before it, and of other members only what
they gave.

An edge to a parent has consequences for the parent's owner: uses of the derived set are charged to its lineage. So whoever
draws one to another member's data names what the data came by: a job whose result it is, a grant, or a right.
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll.ledger.records import Dataset, Grant, Job, JobState, Right
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import BadParents, UnfoundedParent


def verify_sources(
    call: Call, dataset: str, parents: Sequence[str], *, source_job: bytes = b"", bases: Sequence[bytes] = ()
) -> None:
    """Refuse sources that are unknown, fewer than before, or another member's without a basis.

    Args:
        call: of the registrant.
        dataset: owner/name/version that is registered; the version before it is on the ledger.
        parents: what it was made from.
        source_job: the job whose result it is; empty for none.
        bases: grants to the registrant, and rights that it holds, on which other members' parents rest.

    Raises:
        BadParents, UnfoundedParent: with the first that is wrong.

    Cost: a record a parent, a basis, and an input of the job.
    """
    if list(parents) != sorted(set(parents)):
        raise BadParents(reason="they must be sorted, each once")
    before = previous_version(call, dataset)
    inherited = set(before.parents) if before is not None else set[str]()
    dropped = sorted(inherited - set(parents))
    if dropped:
        raise BadParents(reason=f"the version before it was made from {dropped[0]}, which is not among them")
    brought = _brought(call, source_job, parents) if source_job else set[str]()
    given = {lineage for one in bases for lineage in _given(call, one)}
    for name in parents:
        parent = call.state.get(Dataset, name)
        if parent is None:
            raise BadParents(reason=f"the ledger holds no dataset {name}")
        if parent.owner != call.sender and name not in inherited | brought and parent.lineage not in given:
            raise UnfoundedParent(parent=name, org=call.sender)


def previous_version(call: Call, dataset: str) -> Dataset | None:
    """The version before a version; None for a first one."""
    lineage, _, version = dataset.rpartition("/")
    return call.state.get(Dataset, f"{lineage}/{int(version) - 1}")


def _brought(call: Call, source_job: bytes, parents: Sequence[str]) -> set[str]:
    """What went into a job of which the registrant has a receipted result."""
    job = call.need(Job, source_job.hex())
    if job.state is not JobState.COMPLETED or call.sender not in job.receivers:
        raise BadParents(reason=f"{call.sender} has no receipted result of job {source_job.hex()}")
    brought = {one.dataset for one in job.inputs}
    missing = sorted(brought - set(parents))
    if missing:
        raise BadParents(reason=f"{missing[0]} went into the job and is not among them")
    return brought


def _given(call: Call, basis: bytes) -> tuple[str, ...]:
    """The lineage in which a grant or right gave the registrant something; one that has ended gave it all the same."""
    grant = call.state.get(Grant, basis.hex())
    if grant is not None and grant.grantee == call.sender:
        return (grant.dataset.rpartition("/")[0],)
    right = call.state.get(Right, basis.hex())
    return (right.lineage,) if right is not None and right.holder == call.sender else ()
