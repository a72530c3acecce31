"""The child process of one job: `python -m atoll.node.worker HANDOFF_FD NODE_PID`, order on standard input, events on standard
output.

It owns its sockets, holds this job's secrets and the node's TLS key and no others, is capped in memory, dies with its node, and
says nothing about rows: an event is a JSON line with codes, counts and times. What it does stands in `atoll.node.working`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys

from atoll.node.loading import loading

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the job of the order on standard input."""
    die_with_parent(int(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with loading():
        from atoll.node.working import work
    return work(sys.stdin.buffer, socket.socket(fileno=int(sys.argv[1])))


def die_with_parent(node: int) -> None:
    """A node that is killed takes its jobs' processes with it; they resume when it is started again."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != node:  # it died before the line above
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
