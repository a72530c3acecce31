"""What can go wrong between a client and a node."""

from __future__ import annotations

from typing import Any

from atoll.errors import (
    AccessError,
    AtollError,
    ConflictError,
    InputError,
    IntegrityError,
    NotFoundError,
    PeerError,
    RuleError,
    UnavailableError,
    catalogue,
)


class NodeUnreachable(UnavailableError):
    """Nobody answers at the node's address."""

    code = "client.unreachable"
    sentence = "No node answers at {url}: {reason}."
    remedy = "Is it running? `atoll node start`; `atoll doctor` names what is wrong."


class NodeTooSlow(UnavailableError):
    """The node took the question and gave no answer in time."""

    code = "client.too_slow"
    sentence = "The node at {url} has not answered within {seconds} s."
    remedy = "What was asked for may still be carried out; look before asking again. `atoll doctor` names what is wrong."


class CertificateUnusable(InputError):
    """The certificate that the node is to be known by is not one."""

    code = "client.certificate"
    sentence = "{path} is not a certificate: {reason}."
    remedy = "The node's own certificate is `tls.der` in its home."


class BadName(InputError):
    """What was given as a name cannot be one."""

    code = "client.bad_name"
    sentence = "{given} is not the name of a {what}."
    remedy = "Datasets are named owner/name/version; jobs and grants by 32 lower-case hex digits."


class NoSuchGrant(NotFoundError):
    """No grant that this organisation gave or received has this name."""

    code = "client.no_grant"
    sentence = "This organisation neither gave nor received a grant {grant}."
    remedy = "`atoll grant list` shows those that it did."


class NotWhatWasExpected(IntegrityError):
    """The answer is not one of this API: another program, or another version, listens there."""

    code = "client.unexpected_answer"
    sentence = "What answers at {url} does not speak this API: {reason}."
    remedy = "Compare the versions of client and node."


FAMILIES = (InputError, AccessError, NotFoundError, ConflictError, RuleError, PeerError, IntegrityError, UnavailableError)
_EXIT_BY_STATUS = {one.status: one.exit_code for one in FAMILIES} | {401: AccessError.exit_code}


class RefusedByNode(AtollError):
    """The node answered with a problem; `code`, `status`, `remedy` and `rule` of the instance are the node's."""

    sentence = "{title}"

    def __init__(self, *, title: str, code: str, status: int, remedy: str, rule: str = "") -> None:
        super().__init__(title=title)
        self.code = code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]
        self.remedy = remedy  # type: ignore[misc]
        self.rule = rule
        known = catalogue().get(code)
        self.exit_code = known.exit_code if known else _EXIT_BY_STATUS.get(status, 1)  # type: ignore[misc]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (str(self), self.code, self.status, self.remedy, self.rule)


def _rebuild(title: str, code: str, status: int, remedy: str, rule: str) -> RefusedByNode:
    return RefusedByNode(title=title, code=code, status=status, remedy=remedy, rule=rule)
