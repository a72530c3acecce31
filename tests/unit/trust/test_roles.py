"""The one list of roles."""

from __future__ import annotations

import pytest

from atoll.trust.roles import ROLES, Role


def test_the_list_is_that_of_the_security_decisions() -> None:
    assert [str(role) for role in Role] == [
        "owner",
        "user",
        "model_owner",
        "operator",
        "auditor",
        "regulator",
        "evaluator",
        "person",
    ]


@pytest.mark.parametrize("role", Role)
def test_every_role_says_in_one_sentence_who_it_is_and_what_it_may_do(role: Role) -> None:
    card = ROLES[role]
    assert card.sentence.index(".") == len(card.sentence) - 1
    assert card.may
    assert [clause.strip(" .") for clause in card.may] == list(card.may)
    assert card.sees


def test_supervision_takes_two_persons() -> None:
    acts = [clause for clause in ROLES[Role.REGULATOR].may if clause.startswith(("freeze", "recall"))]
    assert ["two persons" in clause for clause in acts] == [True, True]


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ROLES[Role.PERSON] = ROLES[Role.OWNER]  # type: ignore[index]
