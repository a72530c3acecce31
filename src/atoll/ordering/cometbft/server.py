"""The application's end of CometBFT's socket: four connections at once, answers of each in the order of its requests.

A connection's requests are taken as they have arrived; a run of CheckTx among them is answered together. The first error is
told to CometBFT as an exception, which ends it, and to whoever waits for `failed`, who ends the node: never does one go on
without the other. Errors are CometBFT's own or this node's: what strangers send through CometBFT (transactions, queries,
snapshots, their chunks) is refused, however malformed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from google.protobuf.message import DecodeError

from atoll.errors import AtollError
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.dispatch import Dispatcher
from atoll.ordering.cometbft.errors import BadFrame
from atoll.ordering.cometbft.framing import Frames, encode_frame
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.snapshots import Snapshots

log = logging.getLogger("atoll.ordering")

READ_BYTES = 1 << 18
MAX_CHECKS = 512
"""How many CheckTx are answered together."""
MAX_PATH_BYTES = 100
"""A socket's name is short."""
_QUERY_TAG = b"\x32"
"""First byte of a request that is a query: field 6 of `Request`."""
_FLUSH = encode_frame(abci.Response(flush=abci.ResponseFlush()).SerializeToString())


class Server:
    """Listens until stopped, or until something goes wrong."""

    def __init__(self, application: Application, path: Path, *, snapshots: Snapshots | None = None) -> None:
        """Prepare.

        Args:
            application: answers.
            path: of the socket, at most MAX_PATH_BYTES long; only this user can connect.
            snapshots: what other nodes may start from; none are made where it is None.
        """
        if len(bytes(path)) > MAX_PATH_BYTES:
            raise ValueError(f"a socket's path has at most {MAX_PATH_BYTES} bytes: {path}")
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed.add_done_callback(lambda done: done.cancelled() or done.exception())
        """Done, with the error, when this application has given up."""
        self._path = path
        self._snapshots = snapshots or Snapshots(application, None, interval_heights=0)
        self._dispatcher = Dispatcher(application, self._snapshots)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, self._path, limit=READ_BYTES)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Close all connections; what is under way is finished, a snapshot too."""
        if self._server is not None:
            self._server.close()
        for one in self._connections:
            one.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._snapshots.settle()
        self._path.unlink(missing_ok=True)
        if not self.failed.done():
            self.failed.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "the server runs this in a task"
        if not self._connections:
            self._dispatcher.begin()
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except asyncio.CancelledError:
            return
        except (ConnectionError, TimeoutError) as err:
            log.info("a connection of CometBFT ended: %s", err)
        except Exception as err:
            log.critical("the ledger cannot go on: %s", err, exc_info=None if isinstance(err, AtollError) else err)
            await self._give_up(writer, err)
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):  # it ends in any case, and `stop` waits for that
                await writer.wait_closed()
            self._connections.discard(task)

    async def _give_up(self, writer: asyncio.StreamWriter, err: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(err)
        with contextlib.suppress(OSError):
            writer.write(encode_frame(abci.Response(exception=abci.ResponseException(error=str(err))).SerializeToString()))
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await reader.read(READ_BYTES):
            checks: list[abci.RequestCheckTx] = []
            for frame in frames.feed(data):
                request = _parse(frame)
                if request.HasField("check_tx"):
                    checks.append(request.check_tx)
                    if len(checks) < MAX_CHECKS:
                        continue
                await self._answer_checks(checks, writer)
                if not request.HasField("check_tx"):
                    await self._answer(request, writer)
            await self._answer_checks(checks, writer)
            await writer.drain()

    async def _answer_checks(self, checks: list[abci.RequestCheckTx], writer: asyncio.StreamWriter) -> None:
        if checks:
            writer.write(b"".join(encode_frame(one) for one in await self._dispatcher.check(checks)))
            checks.clear()

    async def _answer(self, request: abci.Request, writer: asyncio.StreamWriter) -> None:
        if request.HasField("flush"):
            writer.write(_FLUSH)
        else:
            writer.write(encode_frame((await self._dispatcher.answer(request)).SerializeToString()))


def _parse(frame: bytes) -> abci.Request:
    request = abci.Request()
    try:
        request.ParseFromString(frame)
    except DecodeError as err:
        if frame[:1] == _QUERY_TAG:  # a query's path is a stranger's, and CometBFT passes on what is no UTF-8
            return abci.Request(query=abci.RequestQuery())
        raise BadFrame(reason="it is no request") from err
    return request
