"""Questions to this node's CometBFT: JSON-RPC 2.0 over its unix socket.

Nothing that comes back is believed because of where it comes from, as far as it leaves this node: headers and commits are
verified before they become a seal.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from atoll.ordering.cometbft.home import MAX_RPC_BATCH, MAX_RPC_BYTES
from atoll.ordering.errors import ValidatorRefused

TIMEOUT_SECONDS = 10.0
_MAX_REASON = 300
_BATCH_BYTES = MAX_RPC_BYTES // 2
_KNOWN = "tx already exists in cache"
_PER_PAGE = 100
_HEADERS = 20
"""Headers that CometBFT lists at a time."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far CometBFT is."""

    height: int
    """Consensus height of the newest block it has; 0 before the first."""
    earliest: int
    """Lowest consensus height that it still has."""
    catching_up: bool
    """Whether it still fetches old blocks."""


class Rpc:
    """One node's CometBFT. Every method raises ValidatorRefused where it does not answer, or not with what was asked for."""

    def __init__(self, socket_path: str) -> None:
        """Nothing is opened yet.

        Args:
            socket_path: of CometBFT's RPC, at most 107 bytes.
        """
        transport = httpx.AsyncHTTPTransport(uds=socket_path)
        self._client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS, base_url="http://cometbft")

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def broadcast(self, transactions: Sequence[bytes]) -> list[str]:
        """Hand transactions to the mempool, in order, without waiting until they are looked at.

        Returns:
            For each why it was not taken; empty where it was, or is there already.
        """
        answers: list[str] = []
        for some in _batches(transactions):
            calls = [_call("broadcast_tx_async", {"tx": base64.b64encode(data).decode()}, at) for at, data in enumerate(some)]
            found = _decode("broadcast_tx_async", await self._post("broadcast_tx_async", calls))
            if len(some) == 1 and isinstance(found, Mapping):
                found = [found]  # CometBFT answers a batch of one like a single question
            if not isinstance(found, list) or len(found) != len(some):
                raise ValidatorRefused(method="broadcast_tx_async", reason="it did not answer for every transaction")
            answers += [_refusal(one) for one in sorted(found, key=_number)]
        return answers

    async def status(self) -> Status:
        """How far it is."""
        said = await self.ask("status")
        try:
            sync = said["sync_info"]
            heights = int(sync["latest_block_height"]), int(sync["earliest_block_height"])
            return Status(*heights, catching_up=bool(sync["catching_up"]))
        except (KeyError, TypeError, ValueError) as err:
            raise ValidatorRefused(method="status", reason="the answer cannot be read") from err

    async def commit(self, height: int) -> bytes:
        """Header of a consensus height with the votes for it: the answer as CometBFT writes it."""
        return await self._answer("commit", {"height": str(height)})

    async def validators(self, height: int) -> list[bytes]:
        """Who votes on a consensus height: the answers as CometBFT writes them, one a page."""
        pages: list[bytes] = []
        found = 0
        while True:
            params = {"height": str(height), "page": str(len(pages) + 1), "per_page": str(_PER_PAGE)}
            pages.append(await self._answer("validators", params))
            try:
                said = json.loads(pages[-1])["result"]
                found += len(said["validators"])
                if found >= int(said["total"]) or not said["validators"]:
                    return pages
            except (KeyError, TypeError, ValueError) as err:
                raise ValidatorRefused(method="validators", reason="the answer cannot be read") from err

    async def changes(self, first: int, last: int) -> list[int]:
        """Consensus heights whose headers name other validators for the next height than their own; both ends included.

        Heights that CometBFT has pruned are left out.
        """
        found: list[int] = []
        while first <= last:
            upto = min(last, first + _HEADERS - 1)
            said = await self.ask("blockchain", minHeight=str(first), maxHeight=str(upto))
            try:
                headers = [one["header"] for one in said["block_metas"]]
                changed = (one for one in headers if one["validators_hash"] != one["next_validators_hash"])
                found += sorted(int(one["height"]) for one in changed)
            except (KeyError, TypeError, ValueError) as err:
                raise ValidatorRefused(method="blockchain", reason="the answer cannot be read") from err
            first = upto + 1
        return found

    async def peers(self) -> list[str]:
        """Names of the nodes that this one is connected to."""
        said = await self.ask("net_info")
        try:
            return sorted(str(one["node_info"]["id"]) for one in said["peers"])
        except (KeyError, TypeError) as err:
            raise ValidatorRefused(method="net_info", reason="the answer cannot be read") from err

    async def ask(self, method: str, **params: str) -> Any:
        """One question; its result, decoded."""
        return _result(method, _decode(method, await self._post(method, _call(method, params, 0))))

    async def _answer(self, method: str, params: Mapping[str, str]) -> bytes:
        """One question; the whole answer, if it is one."""
        data = await self._post(method, _call(method, params, 0))
        _result(method, _decode(method, data))
        return data

    async def _post(self, method: str, body: Any) -> bytes:
        try:
            return (await self._client.post("/", json=body)).content
        except httpx.HTTPError as err:
            raise ValidatorRefused(method=method, reason=str(err)[:_MAX_REASON] or type(err).__name__) from err


def _decode(method: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as err:
        raise ValidatorRefused(method=method, reason="it is not JSON") from err


def _result(method: str, said: Any) -> Any:
    if not isinstance(said, Mapping) or "result" not in said:
        raise ValidatorRefused(method=method, reason=_reason(said))
    return said["result"]


def _call(method: str, params: Mapping[str, str], number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _batches(transactions: Sequence[bytes]) -> list[list[bytes]]:
    """In order; as many a request as it has room for, at least one."""
    batches: list[list[bytes]] = []
    total = 0
    for data in transactions:
        if not batches or len(batches[-1]) == MAX_RPC_BATCH or total + len(data) > _BATCH_BYTES:
            batches.append([])
            total = 0
        batches[-1].append(data)
        total += len(data)
    return batches


def _number(answer: Any) -> int:
    number = answer.get("id") if isinstance(answer, Mapping) else None
    if not isinstance(number, int):
        raise ValidatorRefused(method="broadcast_tx_async", reason="an answer has no number")
    return number


def _refusal(answer: Mapping[str, Any]) -> str:
    if "result" in answer:
        return ""
    reason = _reason(answer)
    return "" if _KNOWN in reason else reason


def _reason(answer: Any) -> str:
    error = answer.get("error") if isinstance(answer, Mapping) else None
    said = (error.get("data") or error.get("message")) if isinstance(error, Mapping) else None
    return str(said or "the answer cannot be read")[:_MAX_REASON]
