"""The CometBFT program: where it is, and whether it is the version that this Atoll was written and tested for."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from atoll.ordering.errors import BinaryMissing, BinaryUnfit

VERSION = "0.38.25"
"""The pinned release; `make cometbft` builds it."""
VARIABLE = "ATOLL_COMETBFT"
"""Environment variable that names the program, where it is kept elsewhere."""
_BUILT = Path(__file__).parents[4] / ".tools" / "cometbft"
_VERSION_SECONDS = 20.0


def find_binary(environment: Mapping[str, str] = os.environ) -> Path:
    """The program: what ATOLL_COMETBFT names, else what `make cometbft` built, else `cometbft` on the PATH.

    Raises:
        BinaryMissing: there is none of them.
    """
    named = environment.get(VARIABLE)
    if named is not None:
        candidates = [Path(named)]
    else:
        on_path = shutil.which("cometbft", path=environment.get("PATH"))
        candidates = [_BUILT, *([Path(on_path)] if on_path is not None else [])]
    for path in candidates:
        if os.access(path, os.X_OK) and path.is_file():
            return path.resolve()
    raise BinaryMissing(version=VERSION, places=", ".join(str(one) for one in candidates))


async def check_binary(path: Path) -> None:
    """Ask the program for its version.

    Raises:
        BinaryUnfit: it does not run, or is another version.
    """
    try:
        async with asyncio.timeout(_VERSION_SECONDS):
            process = await asyncio.create_subprocess_exec(
                path, "version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            output, _ = await process.communicate()
    except (OSError, TimeoutError) as err:
        raise BinaryUnfit(path=path, version=VERSION, found=f"it does not run ({err})") from err
    found = output.decode(errors="replace").strip()
    if found.split("+")[0].removeprefix("v") != VERSION:
        raise BinaryUnfit(path=path, version=VERSION, found=f"it says {found[:80]!r}")
