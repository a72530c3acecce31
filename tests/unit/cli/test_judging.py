"""What `atoll evidence judge` says of what compute nodes signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atoll.cli.judging import judge
from atoll.protocols.mpc.claims import Deposition
from atoll.protocols.mpc.errors import ClaimForged
from atoll.wire.message import encode_message
from tests.unit.protocols.mpc.test_witness import IDENTITIES, ORGS, Table

KEYS = [f"{ORGS[place]}={IDENTITIES[place][0].hex()}" for place in range(3)]


@pytest.fixture(scope="module")
def honest() -> Deposition:
    table = Table()
    table.run()
    return table.witnesses[0].depose()


def shown(folder: Path, deposition: Deposition) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps({"deposition": {"encoded": encode_message(deposition).hex()}}))
    return path


def test_where_nothing_contradicts_it_says_up_to_which_round_and_nothing_of_what_came_later(
    tmp_path: Path, honest: Deposition
) -> None:
    last = max(one.claim.round for one in honest.claims)
    said = str(judge([shown(tmp_path, honest)], KEYS).shown)
    assert f"no contradiction up to round {last}" in said
    assert "agree" not in said


def test_an_organisation_may_be_given_with_the_key_that_it_had_and_the_one_that_it_has(
    tmp_path: Path, honest: Deposition
) -> None:
    other = f"{ORGS[0]}={bytes(32).hex()}"
    for keys in ([*KEYS, other], [other, *KEYS]):
        assert judge([shown(tmp_path, honest)], keys).value["contradictions"] == []
    with pytest.raises(ClaimForged):
        judge([shown(tmp_path, honest)], [other, *KEYS[1:]])
