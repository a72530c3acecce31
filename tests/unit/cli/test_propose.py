"""From what a person says to a specification; different spellings are refused before anything is proposed."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from atoll.api.models import CoalitionInfo, DatasetInfo, DraftInfo, ForeseenInfo, GrantInfo, OptionInfo, RegisterColumn
from atoll.cli import asking, frame, limits
from atoll.cli.describing import parse_column, parse_key
from atoll.cli.errors import BadArgument
from atoll.cli.main import main
from atoll.errors import JobError
from atoll.jobs.intersection import outputs

GRANT = "0" * 31 + "2"
PLAN = {
    "kind": "intersection",
    "protocol": "psi",
    "protocol_version": 1,
    "purpose": "credit-check",
    "not_after": 1_780_000_000,
    "attached": "",
    "parties": [{"role": "owner", "index": 0, "org": "bureau"}, {"role": "receiver", "index": 0, "org": "bank"}],
    "inputs": [{"dataset": "bureau/files/1", "columns": ["ref"], "rows_cap": 8, "normalisation": ["text/1"]}],
}


def column(name: str, rule: str) -> RegisterColumn:
    return RegisterColumn(name=name, exposure="after-join", normalisation=rule)


def grant_of(**changes: Any) -> GrantInfo:
    fields: dict[str, Any] = {
        "grant": GRANT,
        "owner": "bureau",
        "grantee": "bank",
        "dataset": "bureau/files/1",
        "state": "active",
        "version": 4,
        "not_before": 0,
        "not_after": 1_780_000_000,
        "uses_limit": 3,
        "uses_reserved": 1,
        "uses_spent": 1,
    }
    return GrantInfo(**(fields | changes))


class FakeNode:
    """Two datasets, a grant, and a note of what was proposed."""

    def __init__(self) -> None:
        self.sets = {
            "bank/customers/1": DatasetInfo(
                dataset="bank/customers/1",
                owner="bank",
                level=2,
                state="active",
                rows_at_most=64,
                columns=[column("id", "text/1"), column("mail", "email/1"), column("note", "")],
            ),
            "bureau/files/1": DatasetInfo(
                dataset="bureau/files/1",
                owner="bureau",
                level=2,
                state="active",
                rows_at_most=128,
                columns=[column("ref", "text/1"), column("phone", "phone-e164/1")],
            ),
        }
        self.given = [grant_of()]
        self.proposed: list[dict[str, Any]] = []
        self.drafted: list[dict[str, Any]] = []
        self.foreseen: list[ForeseenInfo] = []
        self.datasets = self.grants = self.jobs = self

    def show(self, name: str) -> Any:
        return self.sets[name] if name in self.sets else self.given[0]

    def list(self) -> list[GrantInfo]:
        return self.given

    def draft(self, kind: str, spec: dict[str, Any], **options: Any) -> DraftInfo:
        self.drafted.append({"kind": kind, "spec": spec, **options})
        return DraftInfo(
            plan=PLAN,
            estimate={"seconds": 1, "traffic_mb": 2, "memory_mb": 3},
            leakage="sizes",
            adversary_model="semi-honest",
            coalitions=[CoalitionInfo(members=["bank", "bureau"], reads=["everything"])],
            result_columns=["id"],
            why="because it is first",
            options=[
                OptionInfo(name="psi-slow", chosen=True, seconds=9, traffic_mb=3, memory_mb=4),
                OptionInfo(name="psi-none", chosen=False, why_not="it is tired"),
            ],
            foreseen=self.foreseen,
        )

    def propose(self, kind: str, spec: dict[str, Any], **options: Any) -> str:
        self.proposed.append({"kind": kind, "spec": spec, **options})
        return "7" * 32

    def close(self) -> None:
        pass


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    made = FakeNode()
    monkeypatch.setattr(frame, "connect_to", lambda *_: made)
    return made


def propose(*arguments: str, columns: tuple[str, ...] = ("id", "ref"), yes: bool = True) -> int:
    """The command with its usual arguments and these."""
    usual = ["job", "propose", "intersection", "--mine", "bank/customers/1", "--theirs", "bureau/files/1"]
    named = [word for one in columns for word in ("--column", one)]
    return main([*usual, *named, "--purpose", "credit-check", *(["--yes"] if yes else []), *arguments])


def sides(node: FakeNode) -> tuple[dict[str, Any], dict[str, Any]]:
    """Receiver and owner of what was proposed."""
    spec = node.proposed[0]["spec"]
    return spec["receivers"][0], spec["owners"][0]


def test_rules_come_from_the_cards_and_the_grant_is_the_only_one_in_force(node: FakeNode) -> None:
    assert propose("--minutes", "5", "--memory-mb", "256") == 0
    assert node.proposed == node.drafted
    [asked] = node.proposed
    assert (asked["kind"], asked["purpose"], asked["minutes"], asked["memory_mb"]) == ("intersection", "credit-check", 5, 256)
    assert sides(node) == (
        {
            "org": "bank",
            "dataset": "bank/customers/1",
            "columns": ["id"],
            "normalisation": ["text/1"],
            "rows_cap": 64,
            "grants": [],
            "keeps": [],
            "shows": [],
        },
        {
            "org": "bureau",
            "dataset": "bureau/files/1",
            "columns": ["ref"],
            "normalisation": ["text/1"],
            "rows_cap": 128,
            "grants": [{"grant": GRANT, "version": 4}],
            "keeps": [],
            "shows": [],
        },
    )


def test_sides_that_spell_differently_are_refused_with_the_reason(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose(columns=("mail", "phone")) == 2
    printed = capsys.readouterr().err
    assert "mail is spelt by email/1 and phone by phone-e164/1" in printed
    assert "silently shrinks the intersection" in printed
    assert node.drafted == []


def test_a_rule_that_is_given_is_for_both_sides(node: FakeNode) -> None:
    assert propose("--normalisation", "exact/1", columns=("mail", "phone")) == 0
    assert [one["normalisation"] for one in sides(node)] == [["exact/1"], ["exact/1"]]


def test_a_column_without_a_rule_is_refused(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose(columns=("note", "ref")) == 2
    assert "Neither the card of bank/customers/1 nor --normalisation says how note is spelt." in capsys.readouterr().err


def test_columns_in_the_wrong_order_are_noticed(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose(columns=("ref", "id")) == 2
    assert "first come the columns of --mine" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [(), ("id",), ("id", "ref", "phone")])
def test_both_sides_name_equally_many_columns(columns: tuple[str, ...], node: FakeNode) -> None:
    assert propose(columns=columns) == 2
    assert node.drafted == []


def test_a_key_of_two_columns_takes_the_first_two_from_this_side(node: FakeNode) -> None:
    assert propose("--normalisation", "text/1", "--normalisation", "exact/1", columns=("id", "mail", "ref", "phone")) == 0
    receiver, owner = sides(node)
    assert (receiver["columns"], owner["columns"]) == (["id", "mail"], ["ref", "phone"])


@pytest.mark.parametrize(
    "given",
    [
        [],
        [grant_of(), grant_of(grant="f" * 32)],
        [grant_of(state="revoked")],
        [grant_of(uses_spent=2)],
        [grant_of(dataset="bureau/files/2")],
    ],
)
def test_a_grant_that_is_not_the_only_one_has_to_be_named(given: list[GrantInfo], node: FakeNode) -> None:
    node.given = given
    assert propose() == 2
    assert node.drafted == []


def permitting(**names: str) -> dict[str, Any]:
    constraints = [{"left": left, "operator": "isAnyOf", "right": [right]} for left, right in names.items()]
    return {"permissions": [{"action": "use", "constraints": constraints}], "prohibitions": []}


def test_of_several_grants_the_one_whose_terms_name_the_use_is_taken(node: FakeNode) -> None:
    other = grant_of(grant="f" * 32, terms=permitting(purpose="marketing", columns="ref", outputs="identifiers"))
    counts = grant_of(grant="e" * 32, terms=permitting(purpose="credit-check", columns="ref", outputs="cardinality"))
    node.given = [other, counts, grant_of(terms=permitting(purpose="credit-check", columns="ref", outputs="identifiers"))]
    assert propose() == 0
    assert sides(node)[1]["grants"] == [{"grant": GRANT, "version": 4}]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "No grant is in force for bureau/files/1: none was given."),
        ([grant_of(uses_spent=2)], f"No grant is in force for bureau/files/1: {GRANT} is used up."),
        ([grant_of(), grant_of(grant="f" * 32)], f"2 grants in force fit bureau/files/1: {GRANT}, {'f' * 32}."),
        (
            [grant_of(terms=permitting(purpose="marketing")), grant_of(grant="f" * 32, terms=permitting(columns="phone"))],
            f"None of 2 grants in force fits bureau/files/1: {GRANT} (purpose credit-check asked, marketing permitted); "
            f"{'f' * 32} (columns ref asked, phone permitted).",
        ),
    ],
)
def test_why_no_grant_is_taken_is_said_of_each(
    given: list[GrantInfo], said: str, node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    node.given = given
    assert propose() == 2
    assert said in capsys.readouterr().err


def test_what_the_terms_do_not_name_is_shown_before_anything_is_proposed(
    node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    node.given = [grant_of(terms=permitting(purpose="marketing"))]
    assert propose("--dry-run") == 0
    assert "does not name this (purpose credit-check asked, marketing permitted); the node of bureau decides" in (
        capsys.readouterr().out
    )
    node.given = [grant_of(terms=permitting(purpose="credit-check"))]
    assert propose("--dry-run") == 0
    assert "does not name this" not in capsys.readouterr().out


def test_a_sum_is_of_one_column_that_is_named(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose("--output", "sum") == 2
    assert "with --show COLUMN" in capsys.readouterr().err
    assert propose("--output", "sum", "--show", "phone", "--show", "ref") == 2
    assert "a sum is over one column" in capsys.readouterr().err
    assert node.drafted == []


def test_grants_are_listed_with_what_they_are_for_and_what_they_give(
    node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    node.given = [grant_of(uses_spent=2, terms=permitting(purpose="credit-check", outputs="rows"))]
    assert main(["grant", "list"]) == 0
    shown = capsys.readouterr().out
    for part in ("credit-check", "rows", "used up", "0 of 3"):
        assert part in shown


def test_a_row_limit_of_the_grant_lowers_the_cap_of_the_other_side(node: FakeNode) -> None:
    limit = {"left": "rows", "operator": "lteq", "right": ["100"]}
    node.given = [grant_of(terms={"permissions": [{"action": "use", "constraints": [limit]}], "prohibitions": []})]
    assert propose() == 0
    assert [one["rows_cap"] for one in sides(node)] == [64, 100]


def test_a_cap_that_is_given_is_for_both_sides(node: FakeNode) -> None:
    assert propose("--rows-cap", "7") == 0
    assert [one["rows_cap"] for one in sides(node)] == [7, 7]


def test_a_dataset_without_its_card_needs_the_cap_and_the_rule(node: FakeNode) -> None:
    node.sets["bureau/files/1"] = DatasetInfo(dataset="bureau/files/1", owner="bureau", level=2, state="active")
    assert propose() == 2
    assert propose("--normalisation", "text/1") == 2
    assert propose("--normalisation", "text/1", "--rows-cap", "9") == 0


def test_everything_is_shown_before_the_question_and_nothing_is_proposed_without_a_yes(
    node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propose(yes=False) == 3
    printed = capsys.readouterr()
    for part in ("sizes", "bank + bureau", "everything", "2.0 MB", "semi-honest", "2026-05-28T20:26:40Z", GRANT):
        assert part in printed.err
    assert printed.out == ""
    assert node.proposed == []


def test_the_answer_is_the_job_with_what_it_takes(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose("--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["job"] == "7" * 32
    assert answer["coalitions"] == [{"members": ["bank", "bureau"], "reads": ["everything"]}]


def test_what_to_type_next_names_the_same_node_and_no_token(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    watch = f"Next: atoll job watch {'7' * 32}"
    assert propose("--home", "the bank") == 0
    assert capsys.readouterr().out.endswith(f"{watch} --home 'the bank'\n")
    assert propose("--url", "https://10.0.0.5:7402", "--token", "hush", "--certificate", "tls.der") == 0
    assert capsys.readouterr().out.endswith(f"{watch} --url https://10.0.0.5:7402 --certificate tls.der\n")
    assert propose("--url", "https://10.0.0.5:7402", "--token", "@token") == 0
    assert capsys.readouterr().out.endswith(f"{watch} --url https://10.0.0.5:7402 --token @token\n")
    assert propose() == 0
    assert capsys.readouterr().out.endswith(f"{watch}\n")


def test_a_key_and_a_column_are_described_in_words() -> None:
    assert parse_key("id=phone-e164/1?region=US") == RegisterColumn(
        name="id", exposure="after-join", normalisation="phone-e164/1?region=US"
    )
    assert parse_column("a:b:level=3,means=score") == RegisterColumn(name="a:b", level=3, semantics="score")
    assert parse_column("x:exposure=plaintext,rule=text/1") == RegisterColumn(
        name="x", exposure="plaintext", normalisation="text/1"
    )
    assert parse_column("x:class=personal:general,class=industry:J66,until=1970-01-02,level=important") == RegisterColumn(
        name="x", classes=["industry:J66", "personal:general"], exposure_until=2 * 86_400 - 1, level=5
    )


@pytest.mark.parametrize("text", ["", "id", "=text/1", "id="])
def test_a_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadArgument):
        parse_key(text)


@pytest.mark.parametrize(
    "text",
    ["", "x", "x:", ":level=1", "x:level=7", "x:until=tomorrow", "x:class=", "x:level=", "x:colour=red", "x:level=1,,rule=a"],
)
def test_a_column_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadArgument):
        parse_column(text)


# -- outputs, protocols, several owners ---------------------------------------------------------------------------------------


def test_the_words_are_those_of_the_kind() -> None:
    assert [str(one) for one in asking.Join] == [str(one) for one in outputs.Join]
    assert [str(one) for one in limits.Security] == [str(one) for one in outputs.Security]


def test_columns_to_get_and_to_keep_are_of_their_own_side(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert propose("--output", "rows", "--show", "phone", "--keep", "mail", "--join", "left") == 0
    receiver, owner = sides(node)
    spec = node.proposed[0]["spec"]
    assert (receiver["keeps"], owner["shows"], spec["output"], spec["join"]) == (["mail"], ["phone"], "rows", "left")
    assert propose("--output", "rows", "--show", "mail") == 2
    assert "bureau/files/1 has no such column" in capsys.readouterr().err
    assert propose("--keep", "phone") == 2


def test_a_sum_asks_for_twenty_matches_unless_told_otherwise_and_other_outputs_for_none(node: FakeNode) -> None:
    assert propose("--output", "sum", "--show", "phone", "--scale", "2") == 0
    assert propose("--output", "sum", "--show", "phone", "--min-count", "5") == 0
    assert propose("--min-count", "5") == 0
    assert [one["spec"]["min_count"] for one in node.proposed] == [20, 5, 0]
    assert [one["spec"]["total_bits"] for one in node.proposed] == [44, 44, 0]
    assert node.proposed[0]["spec"]["scale"] == 2
    assert propose("--output", "sum", "--show", "phone", "--total-bits", "48") == 0
    assert node.proposed[-1]["spec"]["total_bits"] == 48
    assert propose("--output", "sum", "--show", "phone", "--total-bits", "43") == 2


def test_noise_protocol_and_link_arrive_as_the_kind_wants_them(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    more = (
        "--output",
        "cardinality",
        "--epsilon",
        "0.5",
        "--security",
        "malicious",
        "--protocol",
        "psi-x",
        "--variant",
        "fast",
    )
    assert propose(*more, "--link", "2Gb/s, 30ms") == 0
    spec = node.proposed[0]["spec"]
    assert (spec["epsilon_micro"], spec["security"], spec["protocol"], spec["variant"]) == (
        500_000,
        "malicious",
        "psi-x",
        "fast",
    )
    assert (spec["megabits_per_second"], spec["latency_ms"]) == (2000, 30)
    for wrong in ("fast", "100Mb/s", "100kb/s,1ms", "1Mb/s,1s"):
        assert propose("--link", wrong) == 2
    assert "100Mb/s,20ms" in capsys.readouterr().err


def test_what_both_receive_rests_on_a_grant_each_way(node: FakeNode) -> None:
    back = grant_of(grant="b" * 32, owner="bank", grantee="bureau", dataset="bank/customers/1", version=2)
    node.given = [grant_of(), back]
    assert propose("--both", "--output", "rows", "--show", "phone", "--give", "mail") == 0
    spec = node.proposed[0]["spec"]
    assert [(one["org"], one["grants"], one["shows"]) for one in spec["receivers"]] == [
        ("bank", [{"grant": "b" * 32, "version": 2}], ["mail"]),
        ("bureau", [{"grant": GRANT, "version": 4}], ["phone"]),
    ]
    assert spec["owners"] == []
    node.given = [grant_of(), back.model_copy(update={"grantee": "telecom"})]
    assert propose("--both") == 2


def test_several_owners_bring_their_own_columns_and_grants(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    node.sets["telecom/lines/1"] = DatasetInfo(
        dataset="telecom/lines/1", owner="telecom", level=2, state="active", rows_at_most=32, columns=[column("who", "text/1")]
    )
    node.given = [grant_of(), grant_of(grant="c" * 32, owner="telecom", dataset="telecom/lines/1")]
    assert propose("--theirs", "telecom/lines/1", columns=("id", "ref", "who")) == 0
    owners = node.proposed[0]["spec"]["owners"]
    assert [(one["org"], one["columns"], one["grants"][0]["grant"]) for one in owners] == [
        ("bureau", ["ref"], GRANT),
        ("telecom", ["who"], "c" * 32),
    ]
    assert propose("--theirs", "telecom/lines/1", "--both", columns=("id", "ref", "who")) == 2
    assert propose("--theirs", "telecom/lines/1", "--grant", GRANT, columns=("id", "ref", "who")) == 2
    assert propose("--theirs", "telecom/lines/1", columns=("id", "ref")) == 2


def test_a_dry_run_shows_which_protocols_there_are_and_proposes_nothing(
    node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propose("--dry-run", yes=False) == 0
    shown = capsys.readouterr().out
    for part in ("psi-slow", "9.0 s", "it is tired", "because it is first", "nothing was proposed", "sizes"):
        assert part in shown
    assert propose("--dry-run", "--json") == 0
    options = json.loads(capsys.readouterr().out)["options"]
    assert [(one["name"], one["chosen"]) for one in options] == [("psi-slow", True), ("psi-none", False)]
    assert node.proposed == []


def said(org: str, verdict: Literal["permit", "deny", "ask"], code: str) -> ForeseenInfo:
    return ForeseenInfo(org=org, verdict=verdict, code=code, reasons=[])


def test_a_dry_run_of_what_somebody_would_refuse_ends_as_a_refused_job_does(
    node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    node.foreseen = [said("bank", "permit", "ok"), said("bureau", "ask", "policy.ask")]
    assert propose("--dry-run") == 0
    assert "error" not in capsys.readouterr().err
    node.foreseen = [
        said("bank", "permit", "ok"),
        said("bureau", "deny", "policy.terms"),
        said("telecom", "deny", "policy.cap"),
    ]
    assert propose("--dry-run") == JobError.exit_code == 10
    printed = capsys.readouterr()
    assert "nothing was proposed" in printed.out
    assert printed.err.startswith("error: It would be refused by bureau, telecom. [policy.terms]\nhint: ")
    assert propose("--dry-run", "--json") == 10
    assert [one["verdict"] for one in json.loads(capsys.readouterr().out)["foreseen"]] == ["permit", "deny", "deny"]
    assert node.proposed == []
