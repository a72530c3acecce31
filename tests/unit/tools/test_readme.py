"""The README's first screen is compared with what CI runs."""

from __future__ import annotations

import pytest

from tools.readme import check

README = "# Atoll\n\nOne sentence.\n\n```sh\nmake demo   # the main job\nmake test\n```\n"
CI = "step make demo\nstep make test # all\n"


def test_the_two_commands_on_the_first_screen_and_in_ci_pass() -> None:
    assert check(README, CI) == []


@pytest.mark.parametrize(
    "readme",
    [
        "",
        "no block",
        README.replace("make test\n", ""),
        README.replace("make test\n", "make test\nmake bench\n"),
        README.replace("make demo", "make  demo --fast"),
        "```sh\npip install atoll\n```\n" + README,
        "\n" * 30 + README,
    ],
)
def test_another_first_screen_is_refused(readme: str) -> None:
    assert len(check(readme, CI)) == 1


@pytest.mark.parametrize("ci", ["", "make demo", "# make demo\nmake demo\n# make test"])
def test_a_command_that_ci_does_not_run_is_refused(ci: str) -> None:
    assert any("make test" in finding for finding in check(README, ci))
