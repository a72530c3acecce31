"""What can go wrong between a client and a node."""

from __future__ import annotations

from atoll.errors import AtollError, IntegrityError, UnavailableError, catalogue


class NodeUnreachable(UnavailableError):
    """Nobody answers at the node's address."""

    code = "client.unreachable"
    sentence = "No node answers at {url}: {reason}."
    remedy = "Is it running? `atoll node start`; `atoll doctor` names what is wrong."


class NotWhatWasExpected(IntegrityError):
    """The answer is not one of this API: another program, or another version, listens there."""

    code = "client.unexpected_answer"
    sentence = "What answers at {url} does not speak this API: {reason}."
    remedy = "Compare the versions of client and node."


class RefusedByNode(AtollError):
    """The node answered with a problem; `code`, `status` and `remedy` of the instance are the node's."""

    sentence = "{title}"

    def __init__(self, *, title: str, code: str, status: int, remedy: str) -> None:
        super().__init__(title=title)
        known = catalogue().get(code)
        self.code = code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]
        self.remedy = remedy  # type: ignore[misc]
        self.exit_code = known.exit_code if known else 1  # type: ignore[misc]
