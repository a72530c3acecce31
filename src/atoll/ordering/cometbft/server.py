"""The application's end of CometBFT's socket: four connections at once, answers of each in the order of its requests.

A connection's requests are taken as they have arrived; a run of CheckTx among them is answered together, whatever Flush the
timer of CometBFT's client has put between them. Between two runs the event loop takes what has arrived meanwhile off all four
sockets: while one is full, that timer keeps a processor busy.

The first error is told to CometBFT as an exception, which ends it, and to whoever waits for `failed`, who ends the node: never
does one go on without the other. Errors are CometBFT's own or this node's: what strangers send through CometBFT (transactions,
queries, snapshots, their chunks) is refused, however malformed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from google.protobuf.message import DecodeError

from atoll.errors import AtollError
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.asking import Asked, asked, read_check
from atoll.ordering.cometbft.dispatch import Dispatcher
from atoll.ordering.cometbft.errors import BadFrame
from atoll.ordering.cometbft.framing import Frames, encode_frame
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.snapshots import Snapshots

log = logging.getLogger("atoll.ordering")

READ_BYTES = 1 << 18
MAX_BUFFERED_BYTES = 1 << 20
"""Half of what one connection may have sent before it is read."""
MAX_RUN = 128
"""How many CheckTx, and the Flush between them, are answered together."""
HANG_UP_SECONDS = 1.0
"""How long a client that was told of the end may take to hang up."""
MAX_PATH_BYTES = 100
"""A socket's name is short."""
_QUERY_TAG = b"\x32"
"""First byte of a request that is a query: field 6 of `Request`."""
_FLUSH: bytes = abci.Request(flush=abci.RequestFlush()).SerializeToString()
_FLUSHED = encode_frame(abci.Response(flush=abci.ResponseFlush()).SerializeToString())


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
        self._server = await asyncio.start_unix_server(self._connected, self._path, limit=MAX_BUFFERED_BYTES)
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
            await self._give_up(reader, writer, err)
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):  # it ends in any case, and `stop` waits for that
                await writer.wait_closed()
            self._connections.discard(task)

    async def _give_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, err: Exception) -> None:
        """Say why, and leave it to the other end to hang up: a client that is still writing would not read it otherwise."""
        if not self.failed.done():
            self.failed.set_exception(err)
        with contextlib.suppress(OSError, TimeoutError):
            writer.write(encode_frame(abci.Response(exception=abci.ResponseException(error=str(err))).SerializeToString()))
            async with asyncio.timeout(HANG_UP_SECONDS):
                await writer.drain()
                while await reader.read(READ_BYTES):
                    pass

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await reader.read(READ_BYTES):
            run: list[Asked | None] = []
            for frame in frames.feed(data):
                one = read_check(frame)
                if one is None and frame != _FLUSH:
                    request = _parse(frame)
                    if request.HasField("check_tx"):
                        one = asked(request.check_tx.tx, again=request.check_tx.type == abci.CheckTxType.RECHECK)
                    elif not request.HasField("flush"):
                        await self._answer_run(run, writer)
                        writer.write(encode_frame((await self._dispatcher.answer(request)).SerializeToString()))
                        continue
                run.append(one)
                if len(run) == MAX_RUN:
                    await self._answer_run(run, writer)
                    await asyncio.sleep(0)
            await self._answer_run(run, writer)
            await writer.drain()

    async def _answer_run(self, run: list[Asked | None], writer: asyncio.StreamWriter) -> None:
        """Answer the CheckTx and, where nothing is asked, the Flush in `run`, in their order, and empty it."""
        checks = [one for one in run if one is not None]
        answers = iter(await self._dispatcher.check(checks) if checks else ())
        writer.write(b"".join([_FLUSHED if one is None else next(answers) for one in run]))
        run.clear()


def _parse(frame: bytes) -> abci.Request:
    request = abci.Request()
    try:
        request.ParseFromString(frame)
    except DecodeError as err:
        if frame[:1] == _QUERY_TAG:  # a query's path is a stranger's, and CometBFT passes on what is no UTF-8
            return abci.Request(query=abci.RequestQuery())
        raise BadFrame(reason="it is no request") from err
    return request
