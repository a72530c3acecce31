"""Every mutant still finds its line and its tests: a refactoring takes its mutants along. `make mutants` kills them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutants.__main__ import ROOT
from tools.mutants.descriptions import Mutant, load_mutants

MUTANTS = load_mutants(Path(__file__).parent)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_applies_and_its_tests_exist(mutant: Mutant) -> None:
    mutant.apply(ROOT)
    for test in mutant.tests:
        path, _, names = test.partition("::")
        assert (ROOT / path).exists(), f"{test} does not exist"
        for name in filter(None, names.split("[")[0].split("::")):
            assert name in (ROOT / path).read_text(), f"{path} has no {name}"
