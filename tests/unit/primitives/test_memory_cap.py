"""The kernels in a job's process, which is capped in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from atoll import _core

UNDER_A_CAP = """
import resource
from atoll import _core

secret = _core.SecretScalar.from_wide(bytes(range(64)))
items = [b"item %d" % number for number in range(200)]
used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + (1 << 20),) * 2)  # less than the stack of one thread
print(_core.blind(items, secret, b"test", 8).hex())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on private memory is Linux's")
def test_where_the_system_gives_no_threads_the_kernels_do_without() -> None:
    """A panic here would kill the job's process, and a process that dies is started again on the peer's wish."""
    done = subprocess.run([sys.executable, "-c", UNDER_A_CAP], capture_output=True, text=True, timeout=60, check=False)
    secret = _core.SecretScalar.from_wide(bytes(range(64)))
    assert done.stdout.strip() == _core.blind([b"item %d" % number for number in range(200)], secret, b"test", 1).hex()
    assert done.stderr == ""
