"""What each operation says, from shapes alone: rounds, and bytes by node, exactly as `run_together` counts them.

One function an operation, of its name. `a + b` is one after the other, `a | b` side by side. What malicious mode sends to
prove products and shuffles comes on top, for it proves at an opening all that is not proved yet, whatever it was part of:
`Traffic.proofs` says it of a whole run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest

from atoll.primitives import replicated_proof
from atoll.primitives.replicated_proof import COIN_BYTES
from atoll.protocols.mpc import comparison, conversion, select, truncation
from atoll.protocols.mpc.circuit import Circuit
from atoll.protocols.mpc.notes import FEW_SUMS
from atoll.protocols.mpc.opening import DIGEST_BYTES
from atoll.protocols.mpc.shares import WORD_BITS, word_count
from atoll.protocols.mpc.verification import COIN_DIGEST_BYTES, verify_count

NUMBER_BYTES = 8
NOTE_BYTES = 96
"""Memory that malicious mode holds at a node for each word of ANDs, pair of factors or word that moved until it is verified:
shares of what went in and came out (48 bytes, for words that moved 32), and as much again while it is proved."""

_BOTH, _ONE = (2, 2, 2), (1, 1, 1)
"""Claims of a round in which each node speaks to both neighbours, or to one: who says nothing signs nothing."""


@dataclass(frozen=True, slots=True)
class Products:
    """What malicious mode notes, and proves all at once before something is opened."""

    words: int = 0
    """Words of ANDs."""
    numbers: int = 0
    """Products of numbers, by the pairs of factors, and numbers that moved."""
    moved: int = 0
    """Words that moved."""
    notes: int = 0
    """What is kept of them, in units of `NOTE_BYTES`; see `protocols.mpc.notes`."""

    def __add__(self, other: Products) -> Products:
        """Those of both."""
        words, numbers, moved = self.words + other.words, self.numbers + other.numbers, self.moved + other.moved
        return Products(words, numbers, moved, self.notes + other.notes)


NONE = Products()
_OPENING = NONE, NONE


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an operation costs on the wires."""

    rounds: int = 0
    """Rounds one after the other."""
    sent: tuple[int, int, int] = (0, 0, 0)
    """Bytes by node, without framing."""
    products: tuple[Products, ...] = field(default=(NONE,), compare=False)
    """Cut where something is opened: malicious mode proves there what stands before, together with what is not proved yet of
    what ran earlier, and keeps the last ones."""
    more: int = field(default=0, compare=False)
    """Bytes that a node may send beyond, where a shuffle settles what a run takes, of which this is one draw
    (`table_traffic.order`); 0: it takes just this."""
    claims: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)
    """Claims by node, which malicious mode says behind what is signed (`witness`): one a direction. They are not in `sent`."""

    def __add__(self, other: Traffic) -> Traffic:
        """One after the other."""
        last, first = self.products[-1], other.products[0]
        products = *self.products[:-1], last + first, *other.products[1:]
        return self._with(other, self.rounds + other.rounds, products)

    def __or__(self, other: Traffic) -> Traffic:
        """Side by side, as by `parallel`. What opens in malicious mode never runs beside anything that is proved."""
        products = tuple(one + two for one, two in zip_longest(self.products, other.products, fillvalue=NONE))
        return self._with(other, max(self.rounds, other.rounds), products)

    def _with(self, other: Traffic, rounds: int, products: tuple[Products, ...]) -> Traffic:
        sent, claims = _sum(self.sent, other.sent), _sum(self.claims, other.claims)
        return Traffic(rounds, sent, products, self.more + other.more, claims)

    @property
    def opens(self) -> bool:
        """Whether something is opened on the way."""
        return len(self.products) > 1

    def proofs(self) -> Traffic:
        """What malicious mode says before the openings on the way, of all that ran since the last one; as `verification`."""
        return sum(map(verification, self.products[:-1]), Traffic())

    def settled(self) -> Traffic:
        """The same after its openings: what they proved is forgotten."""
        return replace(self, products=self.products[-1:])


def _sum(mine: tuple[int, int, int], theirs: tuple[int, int, int]) -> tuple[int, int, int]:
    return mine[0] + theirs[0], mine[1] + theirs[1], mine[2] + theirs[2]


def even(rounds: int, sent: int) -> Traffic:
    """Every node sends as much."""
    return Traffic(rounds, (sent, sent, sent))


def noted(said: Traffic, *, words: int = 0, numbers: int = 0, moved: int = 0) -> Traffic:
    """The same, of which malicious mode takes so many notes."""
    return replace(said, products=(Products(words, numbers, moved, words + numbers + moved),))


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
    return replace(even(1, NUMBER_BYTES * count), products=(Products(numbers=proved, notes=kept),))


def verification(products: Products) -> Traffic:
    """What comes before an opening in malicious mode, for so many that were not proved before.

    Raises:
        TooManyProducts: so many are not proved at once.
    """
    verify_count(products.numbers)
    words, numbers, moved = products.words, products.numbers, products.moved
    if not words and not numbers and not moved:
        return Traffic()
    lengths, shown = replicated_proof.traffic(words, numbers, moved=moved)
    coins = len(lengths) + 1
    sent = (COIN_BYTES + COIN_DIGEST_BYTES) * coins + NUMBER_BYTES * (sum(lengths) + 2 * shown)
    signed = 2 * (coins + 1)
    return replace(even(coins + len(lengths) + 1, sent), claims=(signed, signed, signed))


def open_ring(count: int) -> Traffic:
    """`open_ring`, `open_words`."""
    return replace(even(1, NUMBER_BYTES * count + DIGEST_BYTES), products=_OPENING, claims=_BOTH if count else _ONE)


def open_planes(width: int, count: int) -> Traffic:
    """`open_planes`."""
    size = planes_bytes(width, count)
    return replace(even(1, size + DIGEST_BYTES), products=_OPENING, claims=_BOTH if size else _ONE)


def to_bits(count: int, width: int = WORD_BITS, *, malicious: bool = False) -> Traffic:
    """`to_bits`."""
    adder = conversion.sum_circuit(width, _terms(malicious), conversion.spare_rounds(count))
    return _summands(count, width, malicious) + circuit(adder, count)


def from_bits(count: int, width: int = WORD_BITS, *, malicious: bool = False) -> Traffic:
    """`from_bits`."""
    extra = conversion.spare_rounds(count)
    if malicious:
        sent = DIGEST_BYTES, DIGEST_BYTES, 2 * planes_bytes(WORD_BITS, count)
        opened = Traffic(1, sent, products=_OPENING, claims=(1, 1, 2) if count else (1, 1, 0))
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
