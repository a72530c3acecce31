"""Items of RFC 8949 appendix A and of dCBOR through the strict profile.

Both collections hold floats, tags, dates, bignums, undefined and maps with other keys, all good CBOR and all outside the
profile; dCBOR also normalises text, which the profile leaves to the caller. What is refused for such a reason is listed here
case by case. Every other good item must decode and encode to the same bytes, and every bad item must be refused. cbor2 says,
independently, what an item means.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import cbor2
import pytest

from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError
from tests.vectors.conftest import listed_cases, vectors

SOURCE = vectors("cbor")
APPENDIX_A = json.loads((SOURCE / "appendix_a.json").read_text())
DECODE = json.loads((SOURCE / "dcbor-decode.json").read_text())
ENCODE = json.loads((SOURCE / "dcbor-encode.json").read_text())

FLOAT = "a floating-point number"
TAG = "a tag"
SIMPLE = "an unassigned simple value"
RANGE = "an integer out of range"
KEY = "a map key that is not text"
TYPE = "an unsupported type"
NFC = "text that is not NFC"
DEEP = "nesting too deep"

OUTSIDE_APPENDIX_A = {
    FLOAT: """f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff fb7e37e43c8800759c f90001 f90400
        f9c400 fbc010666666666666 f97c00 f97e00 f9fc00""",
    TAG: """c249010000000000000000 c349010000000000000000 c074323031332d30332d32315432303a30343a30305a c11a514b67b0
        c1fb41d452d9ec200000 d74401020304 d818456449455446 d82076687474703a2f2f7777772e6578616d706c652e636f6d""",
    SIMPLE: "f7 f0 f818 f8ff",
    RANGE: "3bffffffffffffffff",
    KEY: "a201020304",
}
OUTSIDE_DECODE = {
    FLOAT: "f97c00 f9fc00 f90001 f903ff f93e00 fa3f8ccccd fa5f800000 fb3fb999999999999a fb0000000000000001 fb7e37e43c8800759c",
    TAG: "c000 d700 d8ff00 d9010000 c24100 c340 c1c1c1c1c1c1c1c100",
    RANGE: "3bffffffffffffffff",
    KEY: "a10102",
}
OUTSIDE_ENCODE = {
    TYPE: """float/NaN float/Infinity float/-Infinity float/1.5 float/0.25 float/0.1 float/1.1 float/0.30000000000000004
        float/1023.5 float/123456.7890123 float/6.103515625e-5 float/6.097555160522461e-5 float/5.960464477539063e-8
        float/3.4028235677937525e38 float/1.1754943508222875e-38 float/1.1754942106924411e-38 float/1.401298464324817e-45
        float/7.006492321624085e-46 float/2.2250738585072014e-308 float/2.225073858507201e-308 float/1.7976931348623157e308
        float/5e-324 float/1.5e20 tag/1-int-content tag/23-max-immediate tag/24-first-u8-head tag/255-max-u8-head tag/300
        tag/65535-max-u16-head tag/65536-first-u32-head tag/2^53 tag/u64-max-bigint-tag tag/nested-tag-of-tag
        tag/envelope-style-nesting tag/float-content mixed/tag-wrapping-map-of-arrays mixed/deep-tag-chain
        biguint/zero-empty-bstr biguint/256 biguint/2^64 biguint/2^64+1 biguint/2^127 biguint/2^200-needs-u8-length-head
        bignum/positive-delegates bignum/neg-1 bignum/neg-2 bignum/neg-256 bignum/in-map""",
    RANGE: """int/i64-min-1-bigint int/neg-2^64+1-bigint int/cbor-int-min-bigint float/36893488147419103232
        float/-18446744073709549568 float/-18446744073709551616""",
    NFC: """str/nfc-normalize-on-encode str/nfd-long-normalizes str/hangul-decomposed-normalizes
        str/angstrom-singleton-normalizes map/nfc-equivalent-string-keys-collide""",
    KEY: """map/one-entry map/mixed-keys-canonical-sort map/bytes-key map/map-key map/negative-vs-positive-keys
        map/duplicate-canonical-key-last-write-wins map/count-23 map/count-24-first-u8-head map/count-255-max-u8-head
        map/count-256-first-u16-head map/count-65535-max-u16-head map/count-65536-first-u32-head""",
    DEEP: "arr/nested-depth-32",
}


def reasons(table: dict[str, str]) -> dict[str, str]:
    return {name: reason for reason, names in table.items() for name in names.split()}


def refusal(data: bytes) -> CborError:
    with pytest.raises(CborError) as caught:
        decode(data)
    return caught.value


def test_the_collection_is_complete() -> None:
    found = {"appendix_a.json": len(APPENDIX_A), "dcbor-decode.json": len(DECODE), "dcbor-encode.json": len(ENCODE)}
    assert found | {"": 410} == listed_cases("cbor")


def test_every_listed_exception_is_a_case() -> None:
    assert reasons(OUTSIDE_APPENDIX_A).keys() <= {case["hex"] for case in APPENDIX_A if case["roundtrip"]}
    assert reasons(OUTSIDE_DECODE).keys() <= {case["hex"] for case in DECODE if case["expect"]["ok"]}
    assert reasons(OUTSIDE_ENCODE).keys() <= {case["name"] for case in ENCODE}


@pytest.mark.parametrize("case", APPENDIX_A, ids=lambda case: case["hex"][:40])
def test_appendix_a(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    outside = reasons(OUTSIDE_APPENDIX_A).get(case["hex"])
    if outside:
        assert refusal(data).reason == outside
    elif not case["roundtrip"]:
        assert refusal(data).reason in {"an indefinite length", FLOAT}
    else:
        value = decode(data)
        assert value == (case["decoded"] if "decoded" in case else cbor2.loads(data))
        assert encode(value) == data


@pytest.mark.parametrize("case", DECODE, ids=lambda case: case["name"][:60])
def test_decode(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    outside = reasons(OUTSIDE_DECODE).get(case["hex"])
    if outside:
        assert refusal(data).reason == outside
    elif not case["expect"]["ok"]:
        refusal(data)
    else:
        value = decode(data)
        assert value == cbor2.loads(data)
        assert encode(value) == data


def build(recipe: dict[str, Any]) -> Any:
    """The value a recipe describes, in Python; tags and bignum classes as cbor2 has them."""
    match recipe:
        case {"k": "n" | "bi", "v": text}:
            try:
                return int(text)
            except ValueError:
                return float(text)
        case {"k": "biguint" | "bignum", "v": text}:
            number = int(text) if int(text) >= 0 else -1 - int(text)
            return cbor2.CBORTag(2 if int(text) >= 0 else 3, number.to_bytes(-(-number.bit_length() // 8), "big"))
        case {"k": "s", "v": text}:
            return text
        case {"k": "sr", "unit": unit, "count": count}:
            return unit * count
        case {"k": "b", "v": value}:
            return value
        case {"k": "null"}:
            return None
        case {"k": "bytes", "hex": text}:
            return bytes.fromhex(text)
        case {"k": "br", "start": start, "count": count}:
            return bytes((start + i) % 256 for i in range(count))
        case {"k": "arr", "items": items}:
            return [build(item) for item in items]
        case {"k": "intarr", "count": count}:
            return [i % 24 for i in range(count)]
        case {"k": "intmap", "count": count}:
            return {i: f"v{i}" for i in range(count)}
        case {"k": "map", "entries": entries}:
            return {hashable(build(key)): build(value) for key, value in entries}
        case {"k": "tagged", "tag": tag, "content": content}:
            return cbor2.CBORTag(int(tag), build(content))
    raise AssertionError(f"unknown recipe {recipe}")


def hashable(key: Any) -> Any:
    """Arrays and maps as keys, which Python has not; either way they are no text."""
    return tuple(key) if isinstance(key, list | dict) else key


@pytest.mark.parametrize("case", ENCODE, ids=lambda case: case["name"])
def test_encode(case: dict[str, Any]) -> None:
    value, expect = build(case["recipe"]), case["expect"]
    assert expect["ok"]
    outside = reasons(OUTSIDE_ENCODE).get(case["name"])
    if outside:
        with pytest.raises(CborError) as caught:
            encode(value, max_bytes=1_000_000)
        assert caught.value.reason == outside
        return
    data = encode(value, max_bytes=1_000_000)
    if "hex" in expect:
        assert data.hex() == expect["hex"]
    else:
        assert len(data) == expect["byteLength"]
        assert hashlib.sha256(data).hexdigest() == expect["sha256"]
        assert data.hex().startswith(expect["hexPrefix"])
    assert decode(data, max_bytes=1_000_000) == value
