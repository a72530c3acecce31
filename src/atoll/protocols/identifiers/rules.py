"""The normalisation rules: a closed list, each a pure function from the text of one cell to bytes.

A rule is written `name/version`, with parameters behind a question mark where it has any; this text stands in plans and dataset
cards, so there is exactly one way to write a rule, and what a version does never changes. A change is a new version.

- `exact/1`: the cell as it is, encoded as UTF-8.
- `text/1`: the Unicode canonical caseless form (NFD, full case folding, NFC; Unicode 3.13, D145) without invisible characters,
  runs of white space collapsed to one space, ends trimmed. No locale: `I` folds to `i` everywhere.
- `national-id/1`: compatibility forms folded (NFKC: full-width letters and digits become ASCII), digits of any script to ASCII,
  white space, dashes, `.`, `/` and `_` removed, upper case; what remains must be A-Z and 0-9.
- `integer/1`: an optional sign and digits of any script; leading zeros and a plus sign are removed, `-0` is `0`; no separators.
- `email/1`: local part as `text/1`, domain in lower-case ASCII (IDNA 2008 with UTS 46 mapping). Dots and `+tags` stay, because
  only the mail provider knows whether they matter.
- `phone-e164/1`: E.164 with its plus sign, by the numbering plans in `phonenumbers`; written internationally, or nationally
  where the rule names a region: `phone-e164/1?region=US`. Letters and extensions are refused.

Two nodes may run different Python versions, hence different Unicode tables. Normal forms and case folding never change for
characters that are assigned, so a character that this node's tables do not know makes a cell malformed, which is counted and
shown, instead of a silent mismatch. For the same reason a phone number is checked by its possible length, which hardly ever
changes, and not by the ranges assigned today.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from atoll.protocols.identifiers.errors import EmptyIdentifier, IdentifierTooLong, MalformedIdentifier, UnknownRule

MAX_IDENTIFIER_BYTES = 1024
"""Longest normalised identifier, composite keys included."""

MAX_KEY_COLUMNS = 8
"""Most columns that one composite key may join."""

_MAX_CELL_CHARACTERS = 8 * MAX_IDENTIFIER_BYTES
"""Longer cells are refused before any work is spent on them; only white space and separators could shrink one to size."""

_RULE_TEXT = re.compile(r"(?P<base>[a-z0-9-]{1,32}/[1-9][0-9]?)(?:\?region=(?P<region>[A-Z]{2}))?", re.ASCII)
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Soft hyphen, zero-width space, joiner of words, byte order mark, direction marks. ZWJ and ZWNJ carry meaning and stay."""

_NO_TEXT = frozenset({"Cc", "Cn", "Cs"})
"""General categories that no identifier may hold: control, unassigned, surrogate."""

_ID_SEPARATORS = frozenset("./_")
_INTEGER = re.compile(r"(?P<sign>[+-]?)0*(?P<digits>[0-9]+)", re.ASCII)
_LOCAL_PART = re.compile(r"[^\s\"(),:;<>@\[\\\]]{1,64}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+", re.ASCII)
_PHONE = re.compile(r"\+?[0-9 ()./-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """A normalisation rule as it stands in the plan. Made by `parse_rule`, which knows the closed list."""

    base: str
    """Name and version, `text/1`."""

    region: str | None = None
    """Only for phone numbers: the ISO 3166 region whose national numbers are understood, `US`."""

    @property
    def text(self) -> str:
        """The one way to write this rule."""
        return self.base if self.region is None else f"{self.base}?region={self.region}"

    def __str__(self) -> str:
        return self.text


class _Malformed(Exception):
    """Raised inside a rule; carries nothing, so that no cell can travel in it."""


def parse_rule(text: str) -> Rule:
    """Read a rule from the text of a plan or a dataset card.

    Raises:
        UnknownRule: no such rule or version, a parameter that the rule does not take, a region without a numbering plan.
    """
    match = _RULE_TEXT.fullmatch(text)
    if match is None or match["base"] not in _RULES:
        raise UnknownRule(rule=text[:64], known=", ".join(RULE_NAMES))
    rule = Rule(match["base"], match["region"])
    if rule.region is not None and (rule.base != _PHONE_RULE or rule.region not in _supported_regions()):
        raise UnknownRule(rule=text[:64], known=", ".join(RULE_NAMES))
    return rule


def parse_rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Read the rules of a key, one a column, 1 to `MAX_KEY_COLUMNS` of them.

    Raises:
        UnknownRule: see `parse_rule`.
        ValueError: no column, or too many.
    """
    if not 1 <= len(texts) <= MAX_KEY_COLUMNS:
        raise ValueError(f"a key joins 1 to {MAX_KEY_COLUMNS} columns")
    return tuple(parse_rule(text) for text in texts)


def normalise(rule: Rule, value: str, *, row: int = 0) -> bytes:
    """Turn the text of one cell into the bytes that are compared.

    Args:
        rule: what to do with it.
        value: the cell; any text.
        row: where it stands, for the error only.

    Returns:
        1 to `MAX_IDENTIFIER_BYTES` bytes of UTF-8. Except for `exact/1` normalising again changes nothing.

    Raises:
        EmptyIdentifier, MalformedIdentifier, IdentifierTooLong: `row` tells which; the value is not in them.
    """
    if len(value) > _MAX_CELL_CHARACTERS:
        raise IdentifierTooLong(row=row, limit=MAX_IDENTIFIER_BYTES)
    try:
        encoded = _RULES[rule.base](value, rule.region).encode()
    except (_Malformed, UnicodeEncodeError):
        encoded = None
    # Outside the handler on purpose: a UnicodeEncodeError holds the cell, and an error's context ends up in logs.
    if encoded is None:
        raise MalformedIdentifier(row=row, rule=rule.text)
    if not encoded:
        raise EmptyIdentifier(row=row)
    if len(encoded) > MAX_IDENTIFIER_BYTES:
        raise IdentifierTooLong(row=row, limit=MAX_IDENTIFIER_BYTES)
    return encoded


def normalise_key(rules: Sequence[Rule], values: Sequence[str | None], *, row: int = 0) -> bytes:
    """Normalise the cells of one row and join them into one key.

    A key of one column is that column's bytes. A key of several is each part behind its length in two big-endian bytes, so that
    `("ab", "c")` and `("a", "bc")` stay different (the join is injective for a given number of columns).

    Args:
        rules: one a column, as in the plan.
        values: the row's cells in the same order; None for a missing one.
        row: where it stands, for the error only.

    Raises:
        EmptyIdentifier: any part is empty; a key with a hole identifies nobody.
        MalformedIdentifier, IdentifierTooLong: as `normalise`; the limit holds for the whole key.
    """
    if len(rules) != len(values):
        raise ValueError("a key takes one cell for each rule")
    parts = [normalise(rule, value or "", row=row) for rule, value in zip(rules, values, strict=True)]
    if len(parts) == 1:
        return parts[0]
    key = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    if len(key) > MAX_IDENTIFIER_BYTES:
        raise IdentifierTooLong(row=row, limit=MAX_IDENTIFIER_BYTES)
    return key


# -- the rules themselves: text to text; an empty answer means that nothing is left --------------------------------------------


def _exact(value: str, _region: str | None) -> str:
    return value


def _text(value: str, _region: str | None) -> str:
    if value.isascii():
        folded = value.lower()
    else:
        visible = value.translate(_INVISIBLE)
        _refuse_unknown_characters(visible)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", visible).casefold())
    collapsed = " ".join(folded.split())
    _refuse_control_characters(collapsed)
    return collapsed


def _national_id(value: str, _region: str | None) -> str:
    compact = "".join(character for character in _ascii_digits(value) if not _is_id_separator(character)).upper()
    if not compact.isascii() or (compact and not compact.isalnum()):
        raise _Malformed
    return compact


def _integer(value: str, _region: str | None) -> str:
    trimmed = _ascii_digits(value).replace("\u2212", "-").strip()
    if not trimmed:
        return ""
    match = _INTEGER.fullmatch(trimmed)
    if match is None:
        raise _Malformed
    negative = match["sign"] == "-" and match["digits"] != "0"
    return "-" + match["digits"] if negative else match["digits"]


def _email(value: str, _region: str | None) -> str:
    address = value.translate(_INVISIBLE).strip()
    if not address:
        return ""
    local, at, domain = address.rpartition("@")
    local = _text(local, None)
    if not at or _LOCAL_PART.fullmatch(local) is None:
        raise _Malformed
    host = domain.lower() if domain.isascii() else _idna(domain)
    if _HOST.fullmatch(host) is None:
        raise _Malformed
    return f"{local}@{host}"


def _phone(value: str, region: str | None) -> str:
    import phonenumbers  # its tables take a moment to load, and only this rule needs them

    dialled = "".join("-" if unicodedata.category(c) == "Pd" else c for c in _ascii_digits(value)).strip()
    if not dialled:
        return ""
    if _PHONE.fullmatch(dialled) is None:
        raise _Malformed
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        number = None
    # A number that only works inside one town ("local only") would meet its namesakes from other towns.
    if number is None or phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise _Malformed
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


# -- their parts ---------------------------------------------------------------------------------------------------------------


def _refuse_unknown_characters(value: str) -> None:
    if any(unicodedata.category(character) == "Cn" for character in value):
        raise _Malformed


def _refuse_control_characters(value: str) -> None:
    if not value.isprintable() and any(unicodedata.category(character) in _NO_TEXT for character in value):
        raise _Malformed


def _ascii_digits(value: str) -> str:
    """Compatibility forms folded, invisible characters removed, digits of any script as ASCII, white space as plain spaces."""
    if value.isascii():
        return value
    folded = unicodedata.normalize("NFKC", value).translate(_INVISIBLE)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else " " if c.isspace() else c for c in folded)


def _is_id_separator(character: str) -> bool:
    return character in _ID_SEPARATORS or character.isspace() or unicodedata.category(character) == "Pd"


def _idna(domain: str) -> str:
    import idna  # only for the rare address with an internationalised domain

    try:
        host = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError:  # idna.IDNAError is one
        host = ""
    if not host:
        raise _Malformed
    return host.lower()


def _supported_regions() -> frozenset[str]:
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


_PHONE_RULE = "phone-e164/1"

_RULES: dict[str, Callable[[str, str | None], str]] = {
    "email/1": _email,
    "exact/1": _exact,
    "integer/1": _integer,
    "national-id/1": _national_id,
    _PHONE_RULE: _phone,
    "text/1": _text,
}

RULE_NAMES = tuple(_RULES)
"""Name and version of every rule there is, sorted."""
