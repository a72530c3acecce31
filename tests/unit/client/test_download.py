"""Whole results: streamed, checked, and in place only when they are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet
import pytest

from atoll.client import Node, NodeUnreachable, NotWhatWasExpected, RefusedByNode
from atoll.client.link import Link
from atoll.jobs.errors import BadResult
from atoll.jobs.formats import Format, encode_blocks_as
from atoll.jobs.result import BLOCK_ROWS, Result, blocks, commit_result, encoded_bytes

JOB = "0" * 32
OPENING = bytes(range(32))
ROWS = BLOCK_ROWS + 7
RESULT = Result(pa.table({"id": [f"P{at}" for at in range(ROWS)], "n": pa.array(range(ROWS))}))


def body_of(result: Result) -> bytes:
    return b"".join(encode_blocks_as(Format.ARROW, result.table.schema, blocks(result)))


def node_with(result: Result, *, body: bytes | None = None, breaks: bool = False, **changes: object) -> Node:
    """A node that says it has `result`, and streams `body`."""
    page = {
        "job": JOB, "columns": list(result.columns), "rows": len(result), "table": [], "next_offset": None,
        "commitment": commit_result(result, OPENING).hex(), "opening": OPENING.hex(), "encoded_bytes": encoded_bytes(result),
    }  # fmt: skip
    data = body_of(result) if body is None else body

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(data), 100_000):
            yield data[at : at + 100_000]
        if breaks:
            raise httpx.RemoteProtocolError("peer closed connection")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/v1/jobs/{JOB}/result":
            return httpx.Response(200, content=json.dumps(page | changes))
        assert request.url.path == f"/v1/jobs/{JOB}/result/arrow"
        return httpx.Response(200, content=pieces())

    link = Link("https://node.example", token="t", certificate=None)
    link._http = httpx.Client(base_url=link.url, transport=httpx.MockTransport(respond))
    return Node(link)


def test_a_result_is_an_arrow_table_with_its_types() -> None:
    assert node_with(RESULT).jobs.arrow(JOB).combine_chunks() == RESULT.table.combine_chunks()
    empty = Result.from_rows(("id", "name"), [])
    assert node_with(empty).jobs.arrow(JOB).schema.names == ["id", "name"]


@pytest.mark.parametrize("name", ["r.csv", "r.parquet", "r.ARROW", "r.txt"])
def test_a_file_is_written_as_its_name_says_and_only_its_owner_can_read_it(name: str, tmp_path: Path) -> None:
    path, seen = tmp_path / name, []
    info = node_with(RESULT).jobs.download(JOB, path, on_rows=lambda done, of: seen.append((done, of)))
    assert info.rows == ROWS
    assert seen == [(BLOCK_ROWS, ROWS), (ROWS, ROWS)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [name]
    if name == "r.parquet":
        assert Result(pyarrow.parquet.read_table(path)) == RESULT
    elif name == "r.ARROW":
        assert Result(pa.ipc.open_stream(path.read_bytes()).read_all()) == RESULT
    else:
        lines = path.read_text().splitlines()
        assert lines[:2] == ['"id","n"', '"P0",0']
        assert len(lines) == ROWS + 1


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        node_with(RESULT).jobs.download(JOB, path)
    assert path.read_text() == "mine"


def other(table: pa.Table) -> bytes:
    return body_of(Result(table))


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (node_with(RESULT, body=other(RESULT.table.slice(1))), BadResult),
        (node_with(RESULT, body=other(RESULT.table.take(pa.array(range(ROWS - 1, -1, -1))))), BadResult),
        (node_with(RESULT, body=other(RESULT.table.rename_columns(["id", "m"]))), BadResult),
        (node_with(RESULT, commitment="00" * 32), BadResult),
        (node_with(RESULT, encoded_bytes=5), BadResult),
        (node_with(RESULT, body=body_of(RESULT)[: len(body_of(RESULT)) // 2]), NotWhatWasExpected),
        (node_with(RESULT, body=b"<html>"), NotWhatWasExpected),
        (node_with(RESULT, breaks=True, body=body_of(RESULT)[:200_000]), NodeUnreachable),
    ],
    ids=["row-less", "order", "column", "commitment", "length", "cut", "no-arrow", "broken-off"],
)
def test_nothing_is_left_of_a_result_that_is_not_what_was_signed_for(
    node: Node, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        node.jobs.download(JOB, tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(error):
        node.jobs.arrow(JOB)


def test_a_node_s_refusal_in_place_of_the_rows_is_said_so(tmp_path: Path) -> None:
    problem = {"type": "x", "title": "Not for you.", "status": 403, "code": "api.scope", "remedy": ""}

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, content=json.dumps(problem))

    node = node_with(RESULT)
    node._link._http = httpx.Client(base_url="https://node.example", transport=httpx.MockTransport(respond))
    with pytest.raises(RefusedByNode, match="Not for you"), node._link.stream("job_download", job=JOB, format="arrow"):
        pass
    with pytest.raises(RefusedByNode):
        node.jobs.download(JOB, tmp_path / "r.csv")
