"""What handlers share: the services they call, and how they read a request."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from atoll.api import models
from atoll.node.errors import BadRequest
from atoll.node.services import Services

MAX_BODY_BYTES = 1 << 20


class Handler:
    """One method a route, named as in the table; each turns a request into a call of a service."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def _body(self, request: Request, kind: type[models.Model]) -> Any:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BODY_BYTES:  # the rest is not even read
                raise BadRequest(reason=f"its body has more than {MAX_BODY_BYTES} bytes")
        try:
            return kind.model_validate_json(bytes(data))
        except ValueError as err:
            where = ".".join(str(one) for one in err.errors()[0]["loc"]) if hasattr(err, "errors") else "body"
            raise BadRequest(reason=f"the field {where} is missing, unknown or does not fit") from err


def receipt_of(acknowledged: Any) -> models.Receipt:
    """An acknowledgement as the API shows it."""
    return models.Receipt(height=acknowledged.height, index=acknowledged.index, transaction=acknowledged.transaction_id.hex())


def dataset_of(request: Request) -> str:
    """The dataset version in the path."""
    parts = request.path_params
    return f"{parts['owner']}/{parts['name']}/{parts['version']}"


def job_of(request: Request) -> str:
    """The job in the path."""
    return hex_of(request.path_params["job"], 16)


def hex_of(text: str, length: int) -> str:
    """An identifier of so many bytes, checked.

    Raises:
        BadRequest: another form.
    """
    try:
        if len(bytes.fromhex(text)) == length and text == text.lower():
            return text
    except ValueError:
        pass
    raise BadRequest(reason=f"an identifier is {2 * length} lower-case hex digits")


def number_of(request: Request, name: str, default: int) -> int:
    """A number behind the question mark.

    Raises:
        BadRequest: it is none.
    """
    try:
        return int(request.query_params.get(name, default))
    except ValueError as err:
        raise BadRequest(reason=f"{name} is not a number") from err


def paper_bytes(asked: models.PaperInfo) -> bytes:
    """The bytes of a paper.

    Raises:
        BadRequest: they are not hex.
    """
    try:
        return bytes.fromhex(asked.paper)
    except ValueError as err:
        raise BadRequest(reason="the paper is not hex") from err
