"""Questions to this node's CometBFT: JSON-RPC 2.0 over its unix socket.

Nothing that comes back is believed because of where it comes from, as far as it leaves this node: headers and commits are
verified before they become a seal.
"""

from __future__ import annotations

import base64
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


@dataclass(frozen=True, slots=True)
class Status:
    """How far CometBFT is."""

    height: int
    """Consensus height of the newest block it has; 0 before the first."""
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
            found = await self._post("broadcast_tx_async", calls)
            if not isinstance(found, list) or len(found) != len(some):
                raise ValidatorRefused(method="broadcast_tx_async", reason="it did not answer for every transaction")
            answers += [_refusal(one) for one in sorted(found, key=_number)]
        return answers

    async def status(self) -> Status:
        """How far it is."""
        said = await self.ask("status")
        try:
            sync = said["sync_info"]
            return Status(int(sync["latest_block_height"]), bool(sync["catching_up"]))
        except (KeyError, TypeError, ValueError) as err:
            raise ValidatorRefused(method="status", reason="the answer cannot be read") from err

    async def commit(self, height: int) -> Any:
        """Header of a consensus height with the commit for it: CometBFT's JSON."""
        return await self.ask("commit", height=str(height))

    async def validators(self, height: int) -> list[Any]:
        """Who signs a consensus height, all of them: CometBFT's JSON."""
        found: list[Any] = []
        while True:
            page = len(found) // _PER_PAGE + 1
            said = await self.ask("validators", height=str(height), page=str(page), per_page=str(_PER_PAGE))
            try:
                found += said["validators"]
                if len(found) >= int(said["total"]) or not said["validators"]:
                    return found
            except (KeyError, TypeError, ValueError) as err:
                raise ValidatorRefused(method="validators", reason="the answer cannot be read") from err

    async def peers(self) -> list[str]:
        """Names of the nodes that this one is connected to."""
        said = await self.ask("net_info")
        try:
            return sorted(str(one["node_info"]["id"]) for one in said["peers"])
        except (KeyError, TypeError) as err:
            raise ValidatorRefused(method="net_info", reason="the answer cannot be read") from err

    async def ask(self, method: str, **params: str) -> Any:
        """One question; the result as CometBFT writes it."""
        said = await self._post(method, _call(method, params, 0))
        if not isinstance(said, Mapping) or "result" not in said:
            raise ValidatorRefused(method=method, reason=_reason(said))
        return said["result"]

    async def _post(self, method: str, body: Any) -> Any:
        try:
            response = await self._client.post("/", json=body)
            return response.json()
        except (httpx.HTTPError, ValueError) as err:
            raise ValidatorRefused(method=method, reason=str(err)[:_MAX_REASON] or type(err).__name__) from err


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
