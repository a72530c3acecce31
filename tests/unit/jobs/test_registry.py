"""The closed list of job kinds."""

from __future__ import annotations

import pytest

from atoll.jobs.errors import UnknownKind
from atoll.jobs.registry import JOB_KINDS, job_kind


def test_a_kind_is_found_by_its_name() -> None:
    assert {name: kind.name for name, kind in JOB_KINDS.items()} == {
        one: one for one in ("intersection", "similarity", "computation", "ranking")
    }
    assert job_kind("intersection").name == "intersection"


def test_an_unknown_kind_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(UnknownKind) as caught:
        job_kind("statistics")
    assert caught.value.code == "jobs.unknown_kind"
    assert "intersection" in str(caught.value)
