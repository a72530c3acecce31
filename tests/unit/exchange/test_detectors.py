"""Each kind of thing, found where it is."""

from __future__ import annotations

import pytest

from atoll.exchange.grading.detectors.base import SAMPLES, VALUES_LOOKED_AT
from atoll.exchange.profile import ValueType
from tests.unit.exchange.columns import companies, digits, findings, mobiles, resident_ids

FOUND = {
    "international phones": ("phone", "x", [f"+4479111234{one:02}" for one in range(50)]),
    "national phones by name": ("phone", "telefon", ["030 901820", "089 23300", "040 428280", "0221 2210"]),
    "e-mail": ("email", "x", [f"user{one}@example.org" for one in range(20)]),
    "e-mail in texts": ("email", "x", [f"write to user{one}@example.org today" for one in range(20)]),
    "Chinese companies": ("company-code", "x", companies()),
    "English addresses": ("address", "x", [f"{one} Baker Street, London" for one in range(20)]),
    "German addresses": ("address", "x", [f"Hauptstraße {one}, Berlin" for one in range(20)]),
    "postcodes by name": ("address", "zip_code", ["10115", "80331", "20095", "50667"] * 5),
    "Chinese plates": ("licence-plate", "x", [f"京A{one:05}" for one in range(20)]),
    "other plates by name": ("licence-plate", "kennzeichen", [f"B-MW {one}" for one in range(100, 120)]),
    "pairs of coordinates": ("location", "x", [f"39.9042, 116.40{one:02}" for one in range(20)]),
    "well-known text": ("location", "x", [f"POINT (116.{one:02} 39.9)" for one in range(20)]),
    "geohashes by name": ("location", "geohash", [f"wx4g0b{one}" for one in "0123456789"]),
    "illnesses": ("health", "x", [f"visit {one}: diabetes" for one in range(6)] + [f"visit {one}" for one in range(40)]),
    "Chinese illnesses": ("health", "x", [f"患者有高血压病史{one}年" for one in range(10)]),
    "ICD codes by name": ("health", "diagnosis", ["I10", "E11.9", "J45", "C50.4"]),
    "blood groups by name": ("health", "blood_type", ["A+", "O-", "AB+", "B+"]),
    "dates of birth by name": ("birth-date", "dob", [f"19{one}-05-01" for one in range(50, 90)]),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_is_there_is_found(what: str) -> None:
    detector, name, cells = FOUND[what]
    found = findings(cells, name=name)
    assert found[detector].confidence >= 0.5
    assert max(found.values(), key=lambda one: one.confidence).detector == detector


def test_coordinates_in_columns_of_their_own_are_found_by_name_and_fineness() -> None:
    cells = [f"39.90{one:02}" for one in range(50)]
    assert findings(cells, name="latitude", kind=ValueType.DECIMAL)["location"].confidence > 0.9
    assert "location" not in findings(cells, name="price", kind=ValueType.DECIMAL)


def test_minors_are_found_by_age_by_date_of_birth_and_inside_identifiers() -> None:
    assert findings([str(one) for one in range(16, 60)], name="age", kind=ValueType.INTEGER)["minor"].matched == 2
    assert "minor" not in findings([str(one) for one in range(18, 60)], name="age", kind=ValueType.INTEGER)
    assert findings(["1980-01-01", "2008-11-23"], name="birth_date")["minor"].matched == 1, "18 tomorrow"
    assert "minor" not in findings(["1980-01-01", "2008-11-22"], name="birth_date"), "18 today"
    assert findings(resident_ids(born=(2012, 2013)))["minor"].matched == 50
    assert "minor" not in findings(resident_ids(born=(1960, 1990)))


def test_a_finding_says_how_many_values_it_looked_at_and_shows_a_few() -> None:
    found = findings(mobiles(3000), name="mobile")["phone"]
    assert (found.looked_at, found.by_name, len(found.samples)) == (VALUES_LOOKED_AT, True, SAMPLES)


def test_samples_are_not_in_what_is_printed_of_a_finding() -> None:
    ids = resident_ids(5)
    found = findings(ids, name="id_card")["national-id"]
    assert found.samples == tuple(ids[:3])
    assert not any(one in repr(found) for one in ids)


def test_equal_values_count_once() -> None:
    assert findings(resident_ids(1) * 1000)["national-id"].looked_at == 1
    assert findings(resident_ids(1) * 1000)["national-id"].confidence < 0.5


def test_a_column_of_another_table_is_not_claimed_by_two_readings_of_nine_digits() -> None:
    assert findings(digits(9)) == {}
