"""The wheel, installed where there is no cargo: `make wheel` builds it and runs this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.requirements import atoll_require

WHEEL = Path(os.environ.get("ATOLL_WHEEL", ""))
ROOT = Path(__file__).parents[2]

atoll_require("wheel", present=WHEEL.is_file())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment that holds the locked packages and the wheel, nothing else."""
    home = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    subprocess.run([*install, "--require-hashes", "-r", str(ROOT / "requirements.lock")], check=True)
    subprocess.run([*install, "--no-deps", "--no-index", str(WHEEL)], check=True, env={"PATH": str(home / "bin")})
    return Path(home / "bin")


def run(installed: Path, program: str, *arguments: str) -> str:
    """What a program of the environment prints, with no other program to be found and far from the source tree."""
    assert shutil.which("cargo", path=str(installed)) is None
    command, path = [str(installed / program), *arguments], {"PATH": str(installed)}
    done = subprocess.run(command, cwd=installed, env=path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_for_any_python_from_3_11_and_glibc_from_2_28() -> None:
    assert WHEEL.name.endswith("-cp311-abi3-manylinux_2_28_x86_64.whl")


def test_the_core_checks_a_signature_and_blinds_items(installed: Path) -> None:
    program = """
from atoll.primitives import ed25519, ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.wire.cbor import decode, encode
public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
signature = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
assert ed25519.is_signature(public, b"\\x72", signature)
assert decode(encode({"a": [1, None]})) == {"a": [1, None]}
secret = ristretto.draw_secret(SeededEntropy(bytes(32)))
assert ristretto.is_point(ristretto.blind([b"item"], secret, b"tag"))
import atoll
print(atoll.__file__)
"""
    assert str(installed.parent) in run(installed, "python", "-I", "-c", program)


def test_the_commands_start(installed: Path) -> None:
    assert run(installed, "atoll", "--version").strip()
    assert run(installed, "python", "-I", "-m", "atoll.node", "--help").strip()


def test_it_names_no_folder_of_the_machine_that_built_it() -> None:
    with zipfile.ZipFile(WHEEL) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            for folder in (ROOT, Path.home() / ".cargo"):
                assert str(folder).encode() not in content, name
