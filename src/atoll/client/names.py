"""Names in requests: checked before they become part of a path, so that no name can lead anywhere else."""

from __future__ import annotations

import re

from atoll.client.errors import BadName

_DATASET = re.compile(r"([a-z][a-z0-9-]{0,39})/([a-z][a-z0-9-]{0,39})/([1-9][0-9]{0,5})", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def split_dataset(text: str) -> tuple[str, str, str]:
    """Owner, name and version of `owner/name/version`.

    Raises:
        BadName: it is not of this form.
    """
    found = _DATASET.fullmatch(text)
    if found is None:
        raise BadName(given=repr(text[:130]), what="dataset")
    return found[1], found[2], found[3]


def verify_identifier(text: str, what: str) -> str:
    """A job's or grant's 32 digits, as given.

    Raises:
        BadName: it is not of this form.
    """
    if not _IDENTIFIER.fullmatch(text):
        raise BadName(given=repr(text[:130]), what=what)
    return text


def verify_digest(text: str, what: str) -> str:
    """A digest's 64 digits, as given.

    Raises:
        BadName: it is not of this form.
    """
    if not _DIGEST.fullmatch(text):
        raise BadName(given=repr(text[:130]), what=what)
    return text
