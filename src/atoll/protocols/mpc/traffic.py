"""What each operation says, from shapes alone: rounds, and bytes by node, exactly as `run_together` counts them.

One function an operation, of its name. `a + b` is one after the other, `a | b` side by side. What malicious mode sends to
verify products and shuffles comes on top (`verification`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from atoll.primitives import replicated_proof
from atoll.primitives.replicated_proof import COIN_BYTES
from atoll.protocols.mpc import comparison, conversion, select, truncation
from atoll.protocols.mpc.circuit import Circuit
from atoll.protocols.mpc.notes import FEW_SUMS
from atoll.protocols.mpc.opening import DIGEST_BYTES
from atoll.protocols.mpc.shares import WORD_BITS, word_count
from atoll.protocols.mpc.verification import COIN_DIGEST_BYTES

NUMBER_BYTES = 8
NOTE_BYTES = 96
"""Memory that malicious mode holds at a node for each word of ANDs, pair of factors or word that moved until it is verified:
shares of what went in and came out (48 bytes, for words that moved 32), and as much again while it is proved."""


@dataclass(frozen=True, slots=True)
class Notes:
    """How many notes of products malicious mode holds, which it forgets when something is opened; see `protocols.mpc.notes`."""

    first: int = 0
    """Taken before the first opening; without one, all."""
    most: int = 0
    """Held at a time, at most, by what takes its own alone."""
    last: int = 0
    """Left at the end: taken after the last opening."""

    @classmethod
    def of(cls, count: int) -> Notes:
        """So many, and nothing is opened."""
        return cls(count, count, count)

    def then(self, other: Notes, *, opens: tuple[bool, bool]) -> Notes:
        """One after the other; `opens`: whether these, and the others, are of something that opens."""
        most = max(self.most, self.last + other.first, other.most)
        first = self.first if opens[0] else self.first + other.first
        return Notes(first, most, other.last if opens[1] else self.last + other.last)

    def beside(self, other: Notes) -> Notes:
        """Side by side; an opening of one may come when the other holds most."""
        return Notes(self.first + other.first, self.most + other.most, self.last + other.last)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an operation costs on the wires."""

    rounds: int = 0
    """Rounds one after the other."""
    sent: tuple[int, int, int] = (0, 0, 0)
    """Bytes by node, without framing."""
    words: int = field(default=0, compare=False)
    """Words of ANDs that malicious mode verifies."""
    numbers: int = field(default=0, compare=False)
    """Products of numbers that malicious mode verifies, by the pairs of factors, and numbers that moved."""
    moved: int = field(default=0, compare=False)
    """Words that moved, which malicious mode verifies."""
    opens: bool = field(default=False, compare=False)
    """Whether something is opened on the way, so that all that was multiplied before is verified there."""
    notes: Notes = field(default=Notes(), compare=False)
    """What malicious mode keeps in memory of it."""

    def __add__(self, other: Traffic) -> Traffic:
        """One after the other."""
        notes = self.notes.then(other.notes, opens=(self.opens, other.opens))
        return self._with(other, self.rounds + other.rounds, notes)

    def __or__(self, other: Traffic) -> Traffic:
        """Side by side, as by `parallel`."""
        return self._with(other, max(self.rounds, other.rounds), self.notes.beside(other.notes))

    def _with(self, other: Traffic, rounds: int, notes: Notes) -> Traffic:
        first, second, third = (mine + theirs for mine, theirs in zip(self.sent, other.sent, strict=True))
        words, numbers, moved = self.words + other.words, self.numbers + other.numbers, self.moved + other.moved
        return Traffic(rounds, (first, second, third), words, numbers, moved, self.opens or other.opens, notes)


def even(rounds: int, sent: int) -> Traffic:
    """Every node sends as much."""
    return Traffic(rounds, (sent, sent, sent))


def noted(said: Traffic, *, words: int = 0, numbers: int = 0, moved: int = 0) -> Traffic:
    """The same, of which malicious mode takes so many notes."""
    return replace(said, words=words, numbers=numbers, moved=moved, notes=Notes.of(words + numbers + moved))


def _by(node: int, sent: int) -> Traffic:
    """One round in which one node speaks."""
    return Traffic(1, (sent if node == 0 else 0, sent if node == 1 else 0, sent if node == 2 else 0))


def planes_bytes(width: int, count: int) -> int:
    """Bytes of one node's part of planes."""
    return NUMBER_BYTES * width * word_count(count)


def circuit(circuit: Circuit, count: int) -> Traffic:
    """`evaluate` on columns of `count` elements; an empty column takes no rounds."""
    return bits(circuit.depth if count else 0, circuit.bytes_sent(count) // NUMBER_BYTES)


def bits(rounds: int, words: int) -> Traffic:
    """So many words of AND gates."""
    return noted(even(rounds, NUMBER_BYTES * words), words=words)


def multiply(count: int) -> Traffic:
    """`multiply`, `square`, `where_number`, `reshare`."""
    return dot(count, 1)


def dot(count: int, length: int) -> Traffic:
    """`dot`: so many inner products of so many pairs."""
    return noted(even(1, NUMBER_BYTES * count), numbers=count * length) if length else Traffic()


def matmul(rows: int, length: int, columns: int) -> Traffic:
    """`matmul`."""
    count = rows * columns
    if not length:
        return Traffic()
    proved = min(count, FEW_SUMS) * length
    if count > FEW_SUMS:  # whole matrices are kept, and proved as few sums; else all pairs of factors
        shares = 2 * NUMBER_BYTES * (rows * length + length * columns + count)
        kept = proved + -(-shares // NOTE_BYTES)
    else:
        kept = proved
    said = noted(even(1, NUMBER_BYTES * count), numbers=proved)
    return replace(said, notes=Notes.of(kept))


def verification(words: int, numbers: int, moved: int = 0) -> Traffic:
    """What comes before an opening in malicious mode, for so many words of AND gates, factors of products and words that moved.

    `Traffic.words`, `Traffic.numbers` and `Traffic.moved` count them.
    """
    if not words and not numbers and not moved:
        return Traffic()
    lengths, shown = replicated_proof.traffic(words, numbers, moved=moved)
    coins = len(lengths) + 1
    sent = (COIN_BYTES + COIN_DIGEST_BYTES) * coins + NUMBER_BYTES * (sum(lengths) + 2 * shown)
    return even(coins + len(lengths) + 1, sent)


def verified(said: Traffic, *, malicious: bool = True) -> Traffic:
    """As before an opening: in malicious mode all that was multiplied or moved in `said` is verified behind it."""
    if not malicious:
        return said
    proof = verification(said.words, said.numbers, said.moved)
    return replace(said + proof, words=0, numbers=0, moved=0)


def open_ring(count: int) -> Traffic:
    """`open_ring`, `open_words`."""
    return replace(even(1, NUMBER_BYTES * count + DIGEST_BYTES), opens=True)


def open_planes(width: int, count: int) -> Traffic:
    """`open_planes`."""
    return replace(even(1, planes_bytes(width, count) + DIGEST_BYTES), opens=True)


def to_bits(count: int, width: int = WORD_BITS, *, malicious: bool = False) -> Traffic:
    """`to_bits`."""
    adder = conversion.sum_circuit(width, _terms(malicious), conversion.spare_rounds(count))
    return _summands(count, width, malicious) + circuit(adder, count)


def from_bits(count: int, width: int = WORD_BITS, *, malicious: bool = False) -> Traffic:
    """`from_bits`."""
    extra = conversion.spare_rounds(count)
    if malicious:
        opened = Traffic(1, (DIGEST_BYTES, DIGEST_BYTES, 2 * planes_bytes(WORD_BITS, count)), opens=True)
        return circuit(conversion.unmask_twice_circuit(width, extra), count) + opened
    shown = _by(2, planes_bytes(width, count)) + _by(0, NUMBER_BYTES * count)
    number = shown | from_bit(count) if width < WORD_BITS else shown
    return circuit(conversion.unmask_circuit(width, extra), count) + number


def from_bit(count: int, *, width: int = 1, malicious: bool = False) -> Traffic:
    """`from_bit`, and `from_each_bit` of `width` planes."""
    one = multiply(width * count)
    return one + one if malicious else _by(0, NUMBER_BYTES * width * count) + one


def inject(count: int, *, malicious: bool = False) -> Traffic:
    """`inject`, `where`."""
    return from_bit(count, malicious=malicious) + multiply(count)


def is_negative(count: int, *, bits: int = WORD_BITS, malicious: bool = False) -> Traffic:
    """`is_negative`, `less_than`."""
    return _signs(count, bits, conversion.spare_rounds(count), malicious)


def less_than_any(count: int, *, malicious: bool = False) -> Traffic:
    """`less_than_any`."""
    three = _signs(3 * WORD_BITS * word_count(count), WORD_BITS, conversion.spare_rounds(count), malicious)
    return three + circuit(comparison.overflow_circuit(), count)


def is_zero(count: int, *, bits: int = WORD_BITS, malicious: bool = False) -> Traffic:
    """`is_zero`, `equal`."""
    if malicious:
        return circuit(comparison.zero_circuit(bits, 3), count)
    return _summands(count, bits, malicious) + circuit(comparison.all_zero_circuit(bits), count)


def truncate(count: int, bits: int, *, full: bool = False, malicious: bool = False) -> Traffic:
    """`truncate`."""
    if malicious:
        carries = circuit(truncation.carries_of_three_circuit(bits, full, conversion.spare_rounds(count)), count)
        return carries + from_bit(count, width=4, malicious=True)
    carries = circuit(truncation.carries_circuit(bits, full, conversion.spare_rounds(count)), count)
    low = _summands(count, WORD_BITS if full else bits, malicious)
    return low + carries + _by(0, 2 * NUMBER_BYTES * count) + multiply(count)


def where_bits(count: int, width: int) -> Traffic:
    """`where_bits`."""
    return circuit(select.choice_circuit(width), count)


def _terms(malicious: bool) -> int:
    return 3 if malicious else 2


def _summands(count: int, width: int, malicious: bool) -> Traffic:
    return Traffic() if malicious else _by(0, planes_bytes(width, count))


def _signs(count: int, bits: int, extra: int, malicious: bool) -> Traffic:
    signs = comparison.sign_circuit(bits, _terms(malicious), extra)
    return _summands(count, bits, malicious) + circuit(signs, count)
