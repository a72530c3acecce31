"""Words of a text, as the catalogue compares them: the same for cards and for questions.

Compatibility forms and case are folded, accents dropped, names split at `_` and between letters and digits kept together.
Scripts that put no space between words are cut into pairs of neighbouring characters, so that a part of a run finds it.

    >>> words("Crédit_Scores 2024")
    ('credit', 'scores', '2024')
    >>> words("信用评分")
    ('信用', '用评', '评分')
"""

from __future__ import annotations

import re
import unicodedata

MAX_WORD_CHARACTERS = 40
_RUN = re.compile(r"[^\W_]+")
_DENSE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_PART = re.compile(f"[{_DENSE}]+|[^{_DENSE}]+")
_DENSE_ONLY = re.compile(f"[{_DENSE}]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order, each at most `MAX_WORD_CHARACTERS` long; they hold letters and digits and nothing else."""
    if text.isascii():  # the same, sooner
        return tuple(word[:MAX_WORD_CHARACTERS] for word in _RUN.findall(text.lower()))
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    plain = unicodedata.normalize("NFC", "".join(one for one in folded if unicodedata.category(one) != "Mn"))
    return tuple(
        word[:MAX_WORD_CHARACTERS] for run in _RUN.findall(plain) for part in _PART.findall(run) for word in _cut(part)
    )


def is_dense(word: str) -> bool:
    """Whether a word comes from a script without spaces: there one character says much."""
    return _DENSE_ONLY.fullmatch(word) is not None


def _cut(part: str) -> tuple[str, ...]:
    if len(part) < 3 or not is_dense(part):
        return (part,)
    return tuple(part[at : at + 2] for at in range(len(part) - 1))
