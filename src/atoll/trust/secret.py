"""Objects that hold a secret and keep it to themselves.

Python cannot wipe memory, so the promise is a narrower one: a secret does not leave by accident. It cannot be printed, logged,
formatted, pickled, copied or compared byte by byte; whoever needs the bytes calls a method whose name says so.
"""

from __future__ import annotations

from typing import NoReturn, SupportsIndex


class Secret:
    """Base of everything that must not be shown; `_describe` says what may be."""

    __slots__ = ()

    def _describe(self) -> str:
        """What may be known about this object, for logs and error messages."""
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._describe()}>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        # Pickling and copying both come through here. TypeError is what those modules expect of an object that declines.
        raise TypeError(f"a {type(self).__name__} is never pickled or copied")
