"""The reader of documentation blocks, and the shell that runs them, do what their docstrings say."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.shell import Shell, ShellTimeoutError
from tests.docs.snippets import Block, find_blocks, is_match, read_transcript

PATIENCE_SECONDS = 60.0
PAGE = """# A page

```python
x = 1
```

<!-- run: no, because it needs a second machine -->
```console
$ far away
```

1. In a list:

   ```console
   $ echo a
   a
   ```
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, path=os.environ["PATH"], deadline_seconds=PATIENCE_SECONDS) as shell:
        yield shell


def test_blocks_are_found_with_language_line_and_mark(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    plain, skipped, nested = find_blocks(page)
    assert (plain.language, plain.line, plain.code, plain.is_run) == ("python", 4, "x = 1\n", True)
    assert (skipped.language, skipped.is_run) == ("console", False)
    assert (nested.code, nested.is_run) == ("$ echo a\na\n", True)


def test_a_transcript_is_commands_with_their_answers() -> None:
    block = Block(Path("p.md"), 10, "console", "$ a \\\n> b\nout\n$ c\n> quoted\n", "")
    first, second = read_transcript(block)
    assert (first.line, first.command, first.expected) == (10, "a \\\nb", "out\n")
    assert (second.line, second.command, second.expected) == (13, "c\nquoted", "")


def test_a_transcript_that_begins_with_output_is_refused() -> None:
    with pytest.raises(ValueError, match=r"p\.md:10: a console block begins"):
        read_transcript(Block(Path("p.md"), 10, "console", "out\n", ""))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("a\n", "a"),
        ("a\n", "a  \n\n"),
        ("a...c\n", "abc\n"),
        ("a\n...\nc\n", "a\nb\nb\nc\n"),
        ("a\n...\nc\n", "a\nc\n"),
        ("...\n", ""),
        ("", ""),
        ("took ... s (ok)\n", "took 1.5 s (ok)\n"),
    ],
)
def test_output_matches(expected: str, found: str) -> None:
    assert is_match(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"),
    [("a\n", "b\n"), ("a\n", "a\nb\n"), ("", "a\n"), ("a...c\n", "ab\nc\n"), ("a\n...\n", "b\na\n"), ("a.c\n", "abc\n")],
)
def test_output_does_not_match(expected: str, found: str) -> None:
    assert not is_match(expected, found)


def test_commands_share_one_shell(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("x=5; mkdir sub; cd sub") == (0, "")
    assert shell.run("echo $x $PWD") == (0, f"5 {tmp_path}/sub\n")


def test_status_and_both_streams_come_back(shell: Shell) -> None:
    assert shell.run("echo out; echo err >&2; false") == (1, "out\nerr\n")
    assert shell.run("printf 'no newline'") == (0, "no newline")


def test_a_command_reads_nothing_of_the_script(shell: Shell) -> None:
    assert shell.run("cat") == (0, "")


def test_what_a_page_started_ends_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    reader = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with Shell(tmp_path, path=os.environ["PATH"], deadline_seconds=PATIENCE_SECONDS) as shell:
            shell.run("exec 3>held; sleep 600 >/dev/null 2>&1 &")
        assert select.select([reader], [], [], PATIENCE_SECONDS)[0]
        assert os.read(reader, 1) == b""  # nobody holds the other end any more
    finally:
        os.close(reader)


def test_a_page_that_hangs_is_told_what_it_printed(tmp_path: Path) -> None:
    with Shell(tmp_path, path=os.environ["PATH"], deadline_seconds=PATIENCE_SECONDS) as shell:
        assert shell.run("true") == (0, "")  # it has begun, which may take longer than the page has from now on
        shell._deadline = time.monotonic() + 1.0
        with pytest.raises(ShellTimeoutError, match="so far:\nhello"):
            shell.run("echo hello; sleep 60")
