"""The fence around the owner's data: files are opened inside the node's data folders, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from atoll.sources.address import SourceAddress
from atoll.sources.errors import SourceNotFound, SourceOutsideRoot, SourceUnreadable

_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""Never through a link, and never stuck on a named pipe."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An ordinary file, open for reading, known to stand inside a data folder."""

    path: Path
    """Its real path, without links."""

    handle: BinaryIO
    """Unbuffered; the caller closes it."""


class SourceRoot:
    """The data folders of a node.

    An address is resolved with all its links, must then lie inside a folder, and is opened again step by step without following
    any link: a link that is swapped in between the check and the opening is refused instead of followed.
    """

    def __init__(self, folders: Iterable[Path | str]) -> None:
        """Args: folders: existing ones; the earlier wins where a relative address exists in several."""
        self._folders = [Path(folder).resolve(strict=True) for folder in folders]

    def open(self, address: SourceAddress) -> SourceFile:
        """Open the file that an address names.

        Raises:
            SourceOutsideRoot: it leads out of every data folder, by `..`, absolutely or through a link; said of files that
                exist and of files that do not, so that nobody can feel a way around the disk.
            SourceNotFound: it would be inside, but does not exist.
            SourceUnreadable: not an ordinary file, or no permission.
        """
        inside = False
        for folder in self._folders:
            try:
                relative = (folder / address.path).resolve().relative_to(folder)
            except ValueError:  # not below this folder
                continue
            except (OSError, RuntimeError):  # a loop of links
                raise SourceUnreadable(address=address.text, reason="its links run in a circle") from None
            inside = True
            try:
                return SourceFile(folder / relative, _open_below(folder, relative.parts))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _translate(error, address) from None
        if inside:
            raise SourceNotFound(address=address.text)
        raise SourceOutsideRoot(address=address.text)


def _open_below(folder: Path, parts: tuple[str, ...]) -> BinaryIO:
    """Open folder/parts without following a link in any part; raises OSError."""
    *folders, name = parts or (".",)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        descriptor = os.open(name, _OPEN_FLAGS, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not an ordinary file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _translate(error: OSError, address: SourceAddress) -> SourceUnreadable | SourceOutsideRoot:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return SourceOutsideRoot(address=address.text)
    if error.errno == errno.EINVAL:
        return SourceUnreadable(address=address.text, reason="it is not an ordinary file")
    return SourceUnreadable(address=address.text, reason=os.strerror(error.errno or errno.EIO).lower())
