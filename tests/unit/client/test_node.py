"""The objects of the client, against a node that is a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from atoll import connect_home
from atoll.api.models import GrantInfo, JobInfo
from atoll.client import Node, NodeUnreachable, NoSuchGrant
from atoll.client.link import Link

JOB = "0" * 31 + "1"
GRANT = "0" * 31 + "2"


def job_in(state: str, **more: Any) -> dict[str, Any]:
    info = JobInfo(
        job=JOB, kind="intersection", state=state, phase="", proposer="bank", parties=["bank"], receivers=["bank"], consents=[],
        receipts=[], reason="", not_after=0, **more,
    )  # fmt: skip
    return info.model_dump()


def node_that(*answers: Any) -> tuple[Node, list[httpx.Request]]:
    """A node that gives these answers in turn, the last one for ever; and what it was asked."""
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=json.dumps(answers[min(len(asked), len(answers)) - 1]))

    link = Link("https://node.example", token="t", certificate=None)
    link._http = httpx.Client(base_url=link.url, transport=httpx.MockTransport(respond))
    return Node(link), asked


def test_a_watch_yields_each_change_once_and_ends_with_the_job() -> None:
    node, _ = node_that(job_in("proposed"), job_in("proposed"), job_in("started"), job_in("completed"))
    assert [one.state for one in node.jobs.watch(JOB, poll_seconds=0)] == ["proposed", "started", "completed"]


def test_waiting_ends_when_asked_for() -> None:
    node, _ = node_that(job_in("proposed"), job_in("proposed", attempt=1))
    assert node.jobs.wait(JOB, until=lambda one: one.attempt == 1).attempt == 1


def test_waiting_for_a_job_in_which_nothing_moves_ends_in_time() -> None:
    node, _ = node_that(job_in("proposed"))
    with pytest.raises(TimeoutError, match=JOB):
        node.jobs.wait(JOB, timeout_seconds=0.2)


def test_a_result_is_shown_page_by_page() -> None:
    page = {"job": JOB, "columns": ["id"], "rows": 3, "commitment": "", "opening": "", "encoded_bytes": 1}
    node, asked = node_that(page | {"table": [["a"], ["b"]], "next_offset": 2}, page | {"table": [["c"]], "next_offset": None})
    first = node.jobs.result(JOB)
    assert first.next_offset == 2
    assert node.jobs.result(JOB, offset=first.next_offset).table == [["c"]]
    assert [one.url.query for one in asked] == [b"offset=0", b"offset=2"]


def test_a_grant_is_found_among_those_of_this_organisation() -> None:
    grant = GrantInfo(
        grant=GRANT, owner="a", grantee="b", dataset="a/x/1", state="active", version=1, not_before=0, not_after=1,
        uses_limit=1, uses_reserved=0, uses_spent=0,
    )  # fmt: skip
    node, _ = node_that([grant.model_dump()])
    assert node.grants.show(GRANT) == grant
    with pytest.raises(NoSuchGrant):
        node.grants.show("f" * 32)


def test_an_enrolment_is_handed_over_as_hex() -> None:
    node, asked = node_that({"height": 3, "index": 4, "transaction": "00"})
    assert node.members.enrol(b"\x01\xff").height == 3
    assert json.loads(asked[0].content) == {"transaction": "01ff"}


@pytest.mark.parametrize("purpose", ["", "storage", "../tls"])
def test_a_key_s_purpose_is_checked_before_it_is_sent(purpose: str) -> None:
    node, asked = node_that({})
    for ask in (node.members.rotate_key, node.members.revoke_key):
        with pytest.raises(ValueError, match="purpose"):
            ask(purpose)
    assert asked == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "atoll.toml cannot be read: no such file"),
        ("not toml [", "its atoll.toml does not say where the API listens"),
        ("[https]\n", "its atoll.toml does not say where the API listens"),
        ('[https]\nlisten = "127.0.0.1:1"\n', "admin cannot be read: no such file"),
    ],
)
def test_a_folder_that_is_no_home_is_said_so(text: str | None, why: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "atoll.toml").write_text(text)
    with pytest.raises(NodeUnreachable, match=why):
        connect_home(tmp_path)


def test_a_home_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NodeUnreachable, match="there is no such folder"):
        connect_home(tmp_path / "nowhere")


def test_the_token_of_a_role_does_not_come_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "atoll.toml").write_text('[https]\nlisten = "127.0.0.1:1"\n')
    (tmp_path / "tokens").mkdir()
    (tmp_path / "passphrase").write_text("tiger")
    with pytest.raises(NodeUnreachable):
        connect_home(tmp_path, role="../passphrase")
