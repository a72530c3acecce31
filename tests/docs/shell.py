"""One shell that runs a page's commands one after the other and hands back what each printed."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Self


class ShellTimeoutError(AssertionError):
    """The page took longer than it may."""


class Shell:
    """A bash in `folder`, with that folder as home; everything it started ends with it.

    Standard output and error come back together, as a person at a terminal sees them. Commands share variables, the working
    directory and background processes; each reads an empty standard input.
    """

    def __init__(self, folder: Path, *, path: str, deadline_seconds: float) -> None:
        self._folder = folder
        self._deadline = time.monotonic() + deadline_seconds
        self._mark = f"--{secrets.token_hex(8)}--"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "ATOLL_", "LC_", "LANG"))}
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=kept | {"PATH": path, "HOME": str(folder), "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"},
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """Exit status and output of one command.

        Raises:
            ShellTimeoutError: the page's time is over; the output so far is in the message.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '%s%s\\n' {self._mark} $?\n".encode())
        self._process.stdin.flush()
        output = self._read_until_mark(command)
        found, _, status = output.rpartition(self._mark)
        return int(status), found

    def prolong(self, seconds: float) -> None:
        """Give the page that much more time: it was kept waiting."""
        self._deadline += seconds

    def _read_until_mark(self, command: str) -> str:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        output = b""
        mark = self._mark.encode()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while mark not in output or not output.endswith(b"\n"):
                left = self._deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise ShellTimeoutError(f"$ {command}\nno answer in time; so far:\n{output.decode(errors='replace')}")
                piece = os.read(pipe, 65_536)
                if not piece:
                    raise ShellTimeoutError(f"$ {command}\nthe shell ended; so far:\n{output.decode(errors='replace')}")
                output += piece
        return output.decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for stray in find_strays(self._folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(stray, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def find_strays(folder: Path) -> list[int]:
    """Processes with `folder` as home: what a page has detached from its shell."""
    home = b"HOME=" + os.fsencode(folder)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if home in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found
