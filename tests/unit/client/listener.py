"""A TLS listener with a certificate of ours, which answers every request in the same way."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from atoll.trust.tlskeys import TlsKey


@dataclass(slots=True)
class Listener:
    """Where it listens, and what it heard."""

    url: str
    heard: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def listening(
    folder: Path, key: TlsKey, *, chain: bytes = b"", answer: bytes = b"{}", status: str = "200 OK"
) -> Iterator[Listener]:
    """Serve until the context is left.

    Args:
        folder: for the key file that the ssl module wants.
        key: what it serves with.
        chain: further certificates to send, PEM.
        answer: body of every answer.
        status: status line of every answer; empty where it hangs up instead.
    """
    pem = folder / "served.pem"
    pem.write_bytes(key.export_pem(b"x") + key.certificate_pem + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, password="x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        made = Listener(f"https://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(server, context, made, answer, status), daemon=True)
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection
    thread.join(5)


def _serve(server: socket.socket, context: ssl.SSLContext, made: Listener, answer: bytes, status: str) -> None:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n"
    while True:
        try:
            raw, _ = server.accept()
            with context.wrap_socket(raw, server_side=True) as stream:
                made.heard.append(stream.recv(65_536))
                if status:
                    stream.sendall(head.encode() + answer)
        except ssl.SSLError:
            continue  # the client did not like the certificate
        except OSError:
            return
