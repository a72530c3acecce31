"""Lineages: every source is an edge, a loop ends, and PROV-O as others read it says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rdflib import Dataset as Quads
from rdflib import Namespace, URIRef

from atoll.exchange.registration import lineage_to_prov, trace_lineage
from atoll.ledger.records import Dataset, DatasetState, Job, JobInput, JobState

PROV = Namespace("http://www.w3.org/ns/prov#")
BASE = "urn:atoll:test.example:lagoon:"
JOB = b"\x01" * 16


def version(name: str, height: int, **changes: Any) -> Dataset:
    owner = name.split("/")[0]
    fields: dict[str, Any] = {
        "dataset": name,
        "owner": owner,
        "lineage": name.rpartition("/")[0],
        "card_commitment": bytes(32),
        "level": 2,
        "state": DatasetState.ACTIVE,
        "height": height,
        "time": 1_780_000_000 + height,
    }
    return Dataset(**fields | changes)


def line(dataset: str) -> JobInput:
    owner = dataset.split("/")[0]
    return JobInput(dataset=dataset, user=owner, grant=b"", grant_version=0, rows_cap=9, receiver="bank")


VERSIONS = {
    one.dataset: one
    for one in (
        version("bank/customers/1", 1),
        version("bank/customers/2", 2),
        version("bureau/files/1", 3),
        version("bank/matches/1", 4, parents=("bank/customers/2", "bureau/files/1"), source_job=JOB),
    )
}
JOBS = {
    JOB: Job(
        job_id=JOB,
        kind="intersection",
        proposer="bank",
        plan_digest=bytes(32),
        parties=("bank", "bureau"),
        receivers=("bank",),
        inputs=(line("bank/customers/2"), line("bureau/files/1")),
        not_after=0,
        state=JobState.COMPLETED,
        proposed_height=3,
        started_height=3,
        consents=(),
        receipts=(),
        reason="",
    )
}


def test_a_lineage_holds_versions_sources_and_the_jobs_between() -> None:
    found = trace_lineage("bank/matches/1", version=VERSIONS.get, job=JOBS.get)
    assert [one.dataset for one in found.versions] == list(VERSIONS)
    assert {(one.child, one.parent, str(one.kind)) for one in found.edges} == {
        ("bank/matches/1", "bank/customers/2", "source"),
        ("bank/matches/1", "bureau/files/1", "source"),
        ("bank/customers/2", "bank/customers/1", "revision"),
    }
    assert found.jobs == tuple(JOBS.values())
    assert found.is_whole


def test_a_long_history_is_cut_and_says_so() -> None:
    found = trace_lineage("bank/matches/1", version=VERSIONS.get, job=JOBS.get, most=2)
    assert len(found.versions) == 2
    assert not found.is_whole
    assert {one.parent for one in found.edges} <= {one.dataset for one in found.versions}


def test_a_loop_of_edges_ends() -> None:
    loop = {
        "bank/a/1": version("bank/a/1", 1, parents=("bank/b/1",)),
        "bank/b/1": version("bank/b/1", 2, parents=("bank/a/1",)),
    }
    assert len(trace_lineage("bank/a/1", version=loop.get, job=JOBS.get).versions) == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_others_read_the_same_edges_in_prov() -> None:
    document = lineage_to_prov(
        trace_lineage("bank/matches/1", version=VERSIONS.get, job=JOBS.get), chain_id="test.example/lagoon"
    )
    quads = Quads()
    quads.parse(data=json.dumps(document), format="json-ld", publicID=BASE)
    matches, job = URIRef(f"{BASE}dataset/bank/matches/1"), URIRef(f"{BASE}job/{JOB.hex()}")
    found = {(str(subject), str(term), str(thing)) for subject, term, thing, _ in quads.quads()}

    def has(subject: URIRef, term: str, thing: str) -> bool:
        return (str(subject), str(PROV[term]), f"{BASE}{thing}") in found

    assert has(matches, "wasDerivedFrom", "dataset/bank/customers/2")
    assert has(matches, "wasDerivedFrom", "dataset/bureau/files/1")
    assert has(matches, "wasGeneratedBy", f"job/{JOB.hex()}")
    assert has(URIRef(f"{BASE}dataset/bank/customers/2"), "wasRevisionOf", "dataset/bank/customers/1")
    assert has(job, "used", "dataset/bureau/files/1")
    assert has(job, "wasAssociatedWith", "member/bureau")
    assert has(matches, "wasAttributedTo", "member/bank")
