"""Where somebody or something is: postal addresses, coordinates, licence plates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atoll.exchange.grading.detectors.base import Column, Detector, Tally, Value, tally_all, words_in
from atoll.exchange.grading.detectors.words import words
from atoll.exchange.profile import ValueType

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CHINESE_PLATE = re.compile(f"[{_PROVINCES}][A-HJ-NP-Z][0-9A-HJ-NP-Z]{{4,5}}[0-9A-HJ-NP-Z挂学警港澳]")
_ANY_PLATE = re.compile(r"(?=.*\d)[A-Z0-9]{4,9}")
_CHINESE_ADDRESS = re.compile(
    "(?:[省市区县州盟旗].{0,20}(?:[路街道巷弄村镇乡]|大道).{0,20})|(?:[路街道巷弄]\\s?\\d+\\s?[号弄])|(?:\\d+[号楼栋单元室])"
)
_HOUSE_NUMBER = re.compile(r"(?:^|[ ,])\d{1,5}[A-Za-z]?(?:[ ,]|$)")
_POSTCODE = re.compile(r"\d{4,6}|\d{5}-\d{4}|[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d")
_PAIR = re.compile(r"[\[(]?\s*(-?\d{1,3}\.\d{3,})\s*[,; ]\s*(-?\d{1,3}\.\d{3,})\s*[\])]?")
_WKT = re.compile(
    r"(?:SRID=\d+;)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*\(.*\)|geo:-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?.*", re.IGNORECASE
)
_FINE = re.compile(r"-?\d{1,3}\.\d{3,}")
_GEOHASH = re.compile(r"(?=.*\d)(?=.*[b-z])[0-9b-hjkmnp-z]{5,12}")


def look_for_addresses(column: Column) -> Iterator[Tally]:
    """Chinese addresses by their parts; others by a house number and a word for a street; postcodes by the column's name."""
    yield tally_all(column.values, _is_chinese_address, scheme="chinese", ceiling=0.9, enough=0.5)
    yield tally_all(column.values, _is_street, scheme="street", ceiling=0.85, enough=0.4)
    if column.is_called("address"):
        yield tally_all(column.values, lambda one: bool(_POSTCODE.fullmatch(one.text)), scheme="postcode", ceiling=0.6)


def look_for_plates(column: Column) -> Iterator[Tally]:
    """Chinese plates by province and letter; others where the name says so, because any short code looks like one."""
    yield tally_all(
        column.values, lambda one: bool(_CHINESE_PLATE.fullmatch(one.compact)), scheme="cn", ceiling=0.97, enough=0.5
    )
    if column.is_called("licence-plate"):
        yield tally_all(column.values, lambda one: bool(_ANY_PLATE.fullmatch(one.compact)), scheme="any", ceiling=0.6)


def look_for_locations(column: Column) -> Iterator[Tally]:
    """Pairs of coordinates and well-known text; single ones and geohashes where the name says so."""
    yield tally_all(column.values, _is_pair, scheme="pair", ceiling=0.9, enough=0.5)
    if column.is_called("location"):
        if column.type is ValueType.DECIMAL:
            yield tally_all(column.values, _is_coordinate, scheme="degrees", ceiling=0.9, enough=0.5)
        yield tally_all(column.values, lambda one: bool(_GEOHASH.fullmatch(one.text)), scheme="geohash", ceiling=0.8)


def _is_chinese_address(value: Value) -> bool:
    return bool(_CHINESE_ADDRESS.search(value.text))


def _is_street(value: Value) -> bool:
    if not _HOUSE_NUMBER.search(value.text) or not 6 <= len(value.text) <= 200:
        return False
    return any(True for _ in words_in(value.text.lower(), words("values", "streets"))) or _has_compound_street(value.text)


def _has_compound_street(text: str) -> bool:
    return bool(re.search(r"\w{3,}(?:straße|strasse|str\.|weg|gasse|platz|straat|laan|gatan|vägen|vej)\b", text.lower()))


def _is_pair(value: Value) -> bool:
    if _WKT.fullmatch(value.text):
        return True
    found = _PAIR.fullmatch(value.text)
    return found is not None and abs(float(found[1])) <= 180 and abs(float(found[2])) <= 180


def _is_coordinate(value: Value) -> bool:
    return bool(_FINE.fullmatch(value.text)) and abs(float(value.text)) <= 180


ADDRESS = Detector(
    name="address",
    says="Postal addresses: parts of Chinese ones, house number and street word of others, postcodes by the name of the column",
    rests_on="lists of words; the shape of values",
    columns=("address",),
    named=0.5,
    look=look_for_addresses,
)
LICENCE_PLATE = Detector(
    name="licence-plate",
    says="Licence plates: Chinese ones by province and letter, others only where the column is called so",
    rests_on="the shape of values",
    columns=("licence-plate",),
    named=0.55,
    look=look_for_plates,
)
LOCATION = Detector(
    name="location",
    says="Places on the map: pairs of coordinates, well-known text; single coordinates and geohashes by the name of the column",
    rests_on="the shape of values",
    columns=("location",),
    named=0.35,
    look=look_for_locations,
)
