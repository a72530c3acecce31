"""The closed list of job kinds."""

from __future__ import annotations

import pytest

from atoll.jobs.errors import UnknownKind
from atoll.jobs.registry import JOB_KINDS, job_kind


def test_a_kind_is_found_by_its_name() -> None:
    assert {name: job_kind(name).name for name in JOB_KINDS} == {
        one: one for one in ("intersection", "similarity", "computation", "ranking")
    }
    assert job_kind("intersection") is job_kind("intersection")


def test_an_unknown_kind_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(UnknownKind) as caught:
        job_kind("statistics")
    assert caught.value.code == "jobs.unknown_kind"
    assert "intersection" in str(caught.value)
