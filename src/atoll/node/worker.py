"""The process that a node's jobs' processes are forked from: `python -P -m atoll.node.worker CONTROL_FD NODE_PID`.

It loads the code of a job's process once, holds no secret, opens no file and has one thread; each job gets a copy of it
(fork(2)), which costs milliseconds instead of half a second of processor time, and shares the memory of what was loaded. The
node asks for a copy by the name of a job kind on CONTROL_FD, with four descriptors beside it (SCM_RIGHTS, unix(7)):

    talk      becomes its standard input and output: its order, then its events
    log       becomes its standard error
    channel   where the node hands connections over (`transport/handoff.py`)
    lifeline  the node asks to end the copy by TERMINATE or KILL, or by closing it; once it has ended, its exit status comes
              back as a line

Only this process collects its copies, so that what it signals is one of them and not who has its number now. A copy owns its
sockets, holds its job's secrets and the node's TLS key and no others, is capped in memory, dies with its node, and says nothing
about rows: an event is a JSON line with codes, counts and times. What it does stands in `atoll.node.working`.

Leakage: copies of one process have the layout of their memory and the seed of their hash tables in common. Whoever learns them
from one job, knows them for the other jobs of that process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass

from atoll.node.loading import loading

PR_SET_PDEATHSIG = 1
TERMINATE = b"T"
KILL = b"K"
SIGNALS = {TERMINATE: signal.SIGTERM, KILL: signal.SIGKILL, b"": signal.SIGKILL}
"""By what stands on the lifeline; nothing does once the node has closed it."""
CHANNEL = 3
"""Its descriptor in a copy: the first one after standard error."""
MAX_NAME_BYTES = 64


@dataclass(frozen=True, slots=True)
class Copy:
    """A job's process that has not been collected yet. Descriptors are plain numbers here: an object that closes one when it is
    dropped could, in a later copy, close who has its number then."""

    pid: int
    ended: int
    """Readable once it has ended (pidfd_open(2))."""
    lifeline: int


class Forks:
    """Makes copies of this process, ends and collects them."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> socket.socket | None:
        """Until the node closes its end: None. It returns in each copy, too, with its channel."""
        while True:
            for key, _ in self._selector.select():
                copy: Copy | None = key.data
                if copy is None:
                    name, handles, _, _ = socket.recv_fds(self._control, MAX_NAME_BYTES, 4)
                    if not handles:
                        return None
                    load_kind(name.decode())
                    if (channel := self._fork(*handles)) is not None:
                        return channel
                elif key.fd == copy.lifeline:
                    self._signal(copy)
                else:
                    self._collect(copy)
                    break  # what else was seen may be of the same copy

    def _fork(self, talk: int, log: int, channel: int, lifeline: int) -> socket.socket | None:
        """In the copy, its channel."""
        try:
            pid = os.fork()
        except OSError as err:  # the node sees that the lifeline ends, and tries again
            sys.stderr.write(f"no process for a job: {err.strerror}\n")
            for handle in (talk, log, channel, lifeline):
                os.close(handle)
            return None
        if pid == 0:
            self._selector.close()
            self._control.detach()
            for number, handle in enumerate((talk, talk, log, channel)):
                os.dup2(handle, number)
            os.closerange(CHANNEL + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            return socket.socket(fileno=CHANNEL)
        for handle in (talk, log, channel):
            os.close(handle)
        copy = Copy(pid, os.pidfd_open(pid), lifeline)
        self._selector.register(copy.ended, selectors.EVENT_READ, copy)
        self._selector.register(copy.lifeline, selectors.EVENT_READ, copy)
        return None

    def _signal(self, copy: Copy) -> None:
        said = b""
        with suppress(ConnectionError):
            said = os.read(copy.lifeline, 1)
        os.kill(copy.pid, SIGNALS[said])
        if not said:
            self._selector.unregister(copy.lifeline)

    def _collect(self, copy: Copy) -> None:
        _, status = os.waitpid(copy.pid, 0)
        with suppress(ConnectionError):
            os.write(copy.lifeline, b"%d\n" % os.waitstatus_to_exitcode(status))
        with suppress(KeyError):  # the node has closed its end
            self._selector.unregister(copy.lifeline)
        self._selector.unregister(copy.ended)
        os.close(copy.lifeline)
        os.close(copy.ended)


def load_kind(name: str) -> None:
    """The code of one kind of job, once for all jobs of that kind."""
    with loading():
        from atoll.jobs.registry import JOB_KINDS, job_kind

        if name in JOB_KINDS:  # else its own process will say so
            job_kind(name)


def main() -> int:
    """Serve the node; in a copy, run the job of the order on standard input."""
    die_with_parent(int(sys.argv[2]))
    me = os.getpid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the node ends its jobs in order
    with loading():
        from atoll.node.working import work
    channel = Forks(socket.socket(fileno=int(sys.argv[1]))).serve()
    if channel is None:
        return 0
    die_with_parent(me)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return work(sys.stdin.buffer, channel)


def die_with_parent(parent: int) -> None:
    """A node that is killed takes its jobs' processes with it; they resume when it is started again."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
