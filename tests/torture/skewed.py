"""CometBFT with a clock that a file puts wrong: the pinned sources, with one line changed where they ask for the time.

Programs in Go ask the kernel directly, so no preloaded library deceives them. The offset stands in `clock-skew` in CometBFT's
folder, in whole seconds with an `s` behind, and is read each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.torture.places import COMETBFT, ROOT

FOLDER = ROOT / ".peers" / "skewed"
BINARY = FOLDER / "cometbft"
SKEW = "clock-skew"
_MODULE = "github.com/cometbft/cometbft"
_CLOCK = Path("vendor") / _MODULE / "types" / "time" / "time.go"
_ASKED = "return Canonical(time.Now())"
_SKEW_GO = """package time

import (
	"os"
	"strings"
	"time"
)

// skew says how far this clock is off.
func skew() time.Duration {
	data, err := os.ReadFile("clock-skew")
	if err != nil {
		return 0
	}
	off, err := time.ParseDuration(strings.TrimSpace(string(data)))
	if err != nil {
		panic(err)
	}
	return off
}
"""


def skewed_cometbft() -> Path | None:
    """The program, built on first use (a minute or two); None without Go."""
    if shutil.which("go") is None:
        return None
    pinned = [ROOT / "tools" / "cometbft" / name for name in ("go.mod", "go.sum", "tools.go")]
    if BINARY.exists() and all(BINARY.stat().st_mtime >= one.stat().st_mtime for one in pinned):
        return BINARY
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in pinned:
        shutil.copy(one, FOLDER)
    _go("mod", "vendor")
    clock = FOLDER / _CLOCK
    text = clock.read_text("utf-8")
    if text.count(_ASKED) != 1:
        raise RuntimeError(f"{clock} asks for the time in another way than expected")
    clock.chmod(0o644)
    clock.write_text(text.replace(_ASKED, "return Canonical(time.Now().Add(skew()))"), "utf-8")
    clock.with_name("skew.go").write_text(_SKEW_GO, "utf-8")
    _go("build", "-mod=vendor", "-trimpath", "-ldflags=-s -w", "-o", str(BINARY), f"{_MODULE}/cmd/cometbft")
    shutil.rmtree(FOLDER / "vendor")
    return BINARY


def _go(*arguments: str) -> None:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    subprocess.run(["go", *arguments], cwd=FOLDER, env=environment, check=True, capture_output=True)


def set_skew(validator_folder: Path, seconds: int) -> None:
    """Put a validator's clock wrong, CometBFT's and the application's."""
    path = validator_folder / COMETBFT / SKEW
    beside = path.with_suffix(".new")
    beside.write_text(f"{seconds}s", "utf-8")
    beside.replace(path)


def read_skew(cometbft_folder: Path) -> int:
    """How far it is off."""
    path = cometbft_folder / SKEW
    return int(path.read_text("utf-8").rstrip("s")) if path.exists() else 0
