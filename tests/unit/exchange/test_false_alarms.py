"""Ordinary numbers are not taken for identifiers, and guesses say that they are guesses."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from atoll.exchange.grading.detectors.base import wilson_lower
from atoll.exchange.profile import ValueType
from tests.unit.exchange.columns import cards, dice, digits, findings, mobiles, surest, times

SURE = 0.5
THROWS = dice("ordinary values")

ORDINARY: dict[str, Callable[[], list[str]]] = {
    **{f"random numbers of {length} digits": (lambda length=length: digits(length)) for length in range(6, 21)},  # type: ignore[misc]
    "row numbers": lambda: [str(one) for one in range(1000)],
    "serial numbers of 9 digits": lambda: [str(100_000_000 + 7 * one) for one in range(1000)],
    "serial numbers that look like telephones": lambda: [str(13_800_000_000 + one) for one in range(1000)],
    "serial numbers of 16 digits": lambda: [str(4_000_000_000_000_000 + one) for one in range(1000)],
    "serial numbers of 18 digits": lambda: [str(110_101_200_001_010_000 + one) for one in range(1000)],
    "order numbers": lambda: ["ORD-2024-" + one for one in digits(8)],
    "order numbers that begin with a date": lambda: ["20240315" + one for one in digits(10)],
    "seconds since 1970": lambda: times(lambda one: str(int(one.timestamp()))),
    "milliseconds since 1970": lambda: times(lambda one: str(int(one.timestamp() * 1000))),
    "compact times": lambda: times(lambda one: one.strftime("%Y%m%d%H%M%S")),
    "short compact times": lambda: times(lambda one: one.strftime("%y%m%d%H%M%S")),
    "written times": lambda: times(lambda one: one.isoformat(" ")),
    "dates": lambda: times(lambda one: one.strftime("%Y-%m-%d")),
    "amounts": lambda: [f"{THROWS.random() * 1e5:.2f}" for _ in range(1000)],
    "measurements": lambda: [f"{THROWS.random() * 90:.6f}" for _ in range(1000)],
    "hashes": lambda: ["".join(THROWS.choices("0123456789abcdef", k=64)) for _ in range(300)],
    "UUIDs": lambda: [str(uuid.UUID(int=THROWS.getrandbits(128), version=4)) for _ in range(300)],
    "network addresses": lambda: [f"192.168.{one % 256}.{one // 256}" for one in range(1000)],
    "versions": lambda: [f"{one // 100}.{one // 10 % 10}.{one % 10}" for one in range(300)],
    "books": lambda: ["978" + one for one in digits(10)],
    "serial numbers of telephones": lambda: cards("35", 15, 300),
    "product names": lambda: [
        "苹果手机",
        "华为电脑",
        "小米手环",
        "连衣裙",
        "高跟鞋",
        "白酒",
        "黄金项链",
        "马桶",
        "金龙鱼",
        "酱油",
    ],
    "codes": lambda: [f"{one}-{number}" for one, number in zip(["AB", "CD", "XZ"] * 100, digits(4, 300), strict=True)],
    "words": lambda: ["active", "passive", "closed", "open", "new"],
    "one number many times": lambda: ["123456782"] * 1000,
}


@pytest.mark.parametrize("what", ORDINARY)
def test_ordinary_values_are_nothing_in_particular(what: str) -> None:
    detector, confidence = surest(ORDINARY[what]())
    assert confidence < SURE, detector


@pytest.mark.parametrize("what", [one for one in ORDINARY if one.startswith("random")])
def test_a_columns_name_alone_does_not_turn_random_digits_into_identifiers(what: str) -> None:
    found = findings(ORDINARY[what](), name="national_id", kind=ValueType.INTEGER)
    assert found["national-id"].confidence < SURE


def test_telephones_without_plus_sign_and_name_are_doubted() -> None:
    assert SURE < findings(mobiles(500))["phone"].confidence < 0.9
    assert findings(mobiles(500), name="手机号")["phone"].confidence > 0.9


def test_names_of_persons_are_a_guess_and_the_columns_name_makes_it_a_better_one() -> None:
    people = ["张伟", "王芳", "李秀英", "欧阳娜娜", "刘洋", "陈静", "杨勇", "赵敏", "黄磊", "周杰", "吴磊", "徐静蕾"]
    assert SURE < findings(people)["person-name"].confidence < 0.75
    assert findings(people, name="姓名")["person-name"].confidence > 0.75
    products = ["Blue Chair", "Red Table", "Green Lamp", "Oak Shelf"] * 3
    assert "person-name" not in findings(products, name="product_name")
    assert (
        findings([f"{one} Miller" for one in ("Ann", "Bob", "Cy", "Di", "Eve")], name="full_name")["person-name"].confidence
        > SURE
    )


def test_a_column_without_values_is_judged_by_its_name() -> None:
    assert surest([""], name="phone") == ("phone", 0.6)
    assert surest([], name="amount") == ("", 0.0)


def test_confidence_grows_with_the_number_of_values() -> None:
    few, more, many = (findings(cards(count=count))["bank-card"].confidence for count in (3, 10, 200))
    assert few < more < many


def test_the_interval_is_wilsons() -> None:
    assert wilson_lower(0, 0) == wilson_lower(0, 10) == 0.0
    assert wilson_lower(8, 10) == pytest.approx(0.541, abs=0.001)  # R: binom.confint(8, 10, 0.9, "wilson")
