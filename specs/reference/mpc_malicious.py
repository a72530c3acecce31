"""Shuffles that can be verified, and proofs of products among three nodes, slowly: specs/mpc-malicious.md written down.

All three proofs side by side: what is indexed by a part, 0 to 2, is known to the two nodes that hold the part; messages and
shares of a claim are indexed by who proves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, combinations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from specs.reference.mpc import Held, M, Nodes

Column = list[int]
Parts = Sequence[Column]

ROWS, LANE, SUBSETS, LAST = 64, 8, 48, 64
_ONES = int.from_bytes(b"\1" * 128)
_DIGITS = b"01" + bytes(254)
BLOCKS, IN_SUBSET, _, _, BIT_POINTS, NUMBER_POINTS, PRIME, SUMS, MOVES = range(9)


@dataclass(frozen=True)
class Move:
    """One step of a shuffle: row r of z was row order[r] of x, which the holders of a part know."""

    ticket: int
    part: int
    order: Sequence[int]
    x: Parts
    z: Parts
    xor: bool


def step(nodes: Nodes, x: Held, part: int, order: Sequence[int], *, xor: bool) -> tuple[Held, Move]:
    """One column through one permutation; page, shuffle."""
    ticket, first, last = nodes.ticket(), (part - 1) % 3, (part + 1) % 3

    def add(*terms: tuple[int, Sequence[int]]) -> Column:
        def total(row: tuple[int, ...]) -> int:
            if not xor:
                return sum(sign * word for (sign, _), word in zip(terms, row, strict=True)) % M
            result = 0
            for word in row:
                result ^= word
            return result

        return [total(row) for row in zip(*(column for _, column in terms), strict=True)]

    def mask(key: int) -> Column:
        return [nodes.word(key, ticket, at) for at in range(len(order))]

    def moved(column: Column) -> Column:
        return [column[place] for place in order]

    of_first = add((1, moved(x[first][first])), (-1, mask(part)))
    of_part = add((1, moved(x[part][part])), (1, moved(x[part][last])), (1, mask(part)), (-1, mask(last)))
    z = {first: nodes.say(first, last, of_first), part: nodes.say(part, first, of_part), last: mask(last)}
    held = [{i: list(z[i]), (i + 1) % 3: list(z[(i + 1) % 3])} for i in range(3)]
    return held, Move(ticket, part, order, [x[i][i] for i in range(3)], [z[i] for i in range(3)], xor)


def shuffle(
    nodes: Nodes, x: Held, orders: dict[int, list[int]], *, xor: bool = False, back: bool = False
) -> tuple[Held, list[Move]]:
    """Through all three, or through their inverses in reverse."""
    moves = []
    for part in (2, 1, 0) if back else (0, 1, 2):
        order = orders[part]
        if back:
            order = sorted(range(len(order)), key=order.__getitem__)
        x, move = step(nodes, x, part, order, xor=xor)
        moves.append(move)
    return x, moves


@dataclass(frozen=True)
class Field:
    """Its operations on words."""

    add: Callable[[int, int], int]
    sub: Callable[[int, int], int]
    mul: Callable[[int, int], int]
    draw: Callable[[int, int], int]

    def sum(self, terms: Sequence[int]) -> int:
        total = 0
        for term in terms:
            total = self.add(total, term)
        return total


def gf64_multiply(a: int, b: int) -> int:
    """Modulo x^64 + x^4 + x^3 + x + 1."""
    if not a or not b:
        return 0
    product = carryless(a, b)
    for _ in range(2):
        product = product & M - 1 ^ carryless(product >> 64, 0x1B)
    return product


def carryless(a: int, b: int) -> int:
    """The product of polynomials: with a byte a bit, up to 64 ones add up without a carry, and count by their parity."""
    a, b = (int.from_bytes(f"{one:b}".encode()) & _ONES for one in (a, b))
    digits = (a * b & _ONES).to_bytes(128)
    return int(digits.translate(_DIGITS), 2)


GF64 = Field(lambda a, b: a ^ b, lambda a, b: a ^ b, gf64_multiply, lambda low, _: low)


def prime_field(p: int) -> Field:
    """Integers modulo p."""
    return Field(
        lambda a, b: (a + b) % p, lambda a, b: (a - b) % p, lambda a, b: a * b % p, lambda low, high: (low + (high << 64)) % p
    )


def coin_word(coin: bytes, use: int, at: int) -> int:
    """Word `at` of one use of a coin."""
    block = use.to_bytes(8, "little") + (at // 2).to_bytes(8, "little")
    stream = Cipher(algorithms.AES(coin), modes.ECB()).encryptor().update(block)  # noqa: S305 - one block, as a function
    return int.from_bytes(stream[8 * (at % 2) :][:8], "little")


def drawn_prime(coin: bytes) -> int:
    """The first candidate that is a prime."""
    at = 0
    while True:
        candidate = coin_word(coin, PRIME, at) >> 15 | 1 << 49 | 1
        if all(pow(base, candidate - 1, candidate) == 1 for base in range(2, 60)):  # Fermat will do for an oracle
            return candidate
        at += 1


class Verification:
    """One verification by three nodes that all are honest; `verdicts[i]` says whether both others believe node i."""

    def __init__(
        self,
        nodes: Nodes,
        circuits: Sequence[tuple[int, Parts, Parts, Parts]],
        products: Sequence[tuple[int, Parts, Parts, Parts]],
        moves: Sequence[Move] = (),
    ) -> None:
        """Of words of gates, and of element-wise products: ticket, parts of x, y and z; and of steps of shuffles."""
        self.nodes, self.ticket, self.at = nodes, nodes.ticket(), 0
        self.verdicts = [True] * 3
        proofs: list[GatesProof | NumbersProof] = []
        of_bits, of_numbers = ([move for move in moves if move.xor is xor] for xor in (True, False))
        if circuits or of_bits:
            proofs.append(GatesProof(self, circuits, of_bits))
        if products or of_numbers:
            proofs.append(NumbersProof(self, products, of_numbers))
        while any(not proof.is_over for proof in proofs):
            coin = self.coin()
            said: list[Column] = [[], [], []]
            for proof in proofs:
                for i, words in enumerate(proof.message(coin)):
                    said[i] += words
            for i in range(3):
                nodes.say(i, i - 1, said[i])
        for proof in proofs:
            proof.show()

    def masks(self, count: int) -> list[Column]:
        """The next words of all three keys."""
        self.at += count
        return [[self.nodes.word(part, self.ticket, self.at - count + j) for j in range(count)] for part in range(3)]

    def coin(self) -> bytes:
        """Its three parts, and what is said of them."""
        parts = [b"".join(word.to_bytes(8, "little") for word in words) for words in self.masks(2)]
        for i in range(3):
            digest = sha256(b"ATOLL-V01-MPC-COIN" + parts[(i + 1) % 3]).digest()
            self.nodes.say(i, i + 1, _words(parts[i]))
            self.nodes.say(i, i - 1, _words(digest))
        return bytes(a ^ b ^ c for a, b, c in zip(*parts, strict=True))


class Folding:
    """The inner products sum(x_i y_{i+1} + x_{i+1} y_i), claimed to be previous[i] + following[i]."""

    def __init__(self, run: Verification, field: Field, points: int, x: Parts, y: Parts, shares: list[Column]) -> None:
        self.run, self.field, self.points = run, field, points
        self.x, self.y = [list(part) for part in x], [list(part) for part in y]
        self.shares = shares
        self.matrices: list[list[dict[tuple[int, int], int]]] = []
        self.rows, self.is_last, self.is_over = 0, False, False

    def message(self, coin: bytes | None) -> list[Column]:
        """With the coin for the last message, if there was one; nothing any more if that was the end."""
        field, run = self.field, self.run
        if coin is not None:
            self.fold(coin)
            if self.is_over:
                return [[], [], []]
        length = len(self.x[0])
        self.is_last = length <= LAST
        self.rows = length if self.is_last else 64 if length <= 4096 else 16 if length <= 65536 else 8
        groups = -(-length // self.rows)
        for column in (*self.x, *self.y):
            column.extend([0] * (self.rows * groups - length))
        if self.is_last:
            for part, words in enumerate(run.masks(4)):
                self.x[part].append(field.draw(*words[:2]))
                self.y[part].append(field.draw(*words[2:]))
            self.rows += 1
        pairs = [*((row, row) for row in range(self.rows)), *combinations(range(self.rows), 2)]
        masks = run.masks(2 * (len(pairs) - 1))
        messages, self.matrices = [], [[{}, {}] for _ in range(3)]
        for i in range(3):
            words = masks[(i + 1) % 3]
            for number, (left, right) in enumerate(pairs[1:]):
                mask = field.draw(words[2 * number], words[2 * number + 1])
                self.matrices[i][0][left, right] = field.sub(self._entry(i, left, right, groups), mask)
                self.matrices[i][1][left, right] = mask
            messages.append(list(self.matrices[i][0].values()))
        return messages

    def _entry(self, i: int, left: int, right: int, groups: int) -> int:
        terms = []
        for one, other in {(left, right), (right, left)}:
            for a, b in ((self.x[i], self.y[(i + 1) % 3]), (self.x[(i + 1) % 3], self.y[i])):
                terms += [self.field.mul(a[one * groups + g], b[other * groups + g]) for g in range(groups)]
        return self.field.sum(terms)

    def fold(self, coin: bytes) -> None:
        """At the points of a coin."""
        field, rows = self.field, self.rows
        points = [field.draw(*(coin_word(coin, self.points, 2 * row + k) for k in range(2))) for row in range(rows)]
        if self.is_last:
            points[-1] = 1
        claimed = rows - self.is_last
        for i in range(3):
            for side in range(2):
                matrix = self.matrices[i][side]
                known = field.sum([matrix[row, row] for row in range(1, claimed)])
                matrix[0, 0] = field.sub(self.shares[i][side], known)
                self.shares[i][side] = field.sum(
                    [field.mul(field.mul(points[left], points[right]), entry) for (left, right), entry in matrix.items()]
                )
        for parts in (self.x, self.y):
            for part in range(3):
                groups = len(parts[part]) // rows
                cut = [parts[part][row * groups :][:groups] for row in range(rows)]
                parts[part] = [
                    field.sum([field.mul(r, e) for r, e in zip(points, g, strict=True)]) for g in zip(*cut, strict=True)
                ]
        self.is_over = self.is_last

    def show(self) -> None:
        """The verifiers of node i show each other what they have, and compare."""
        for i in range(3):
            previous, following = (i - 1) % 3, (i + 1) % 3
            self.run.nodes.say(previous, following, [self.x[i][0], self.y[i][0], self.shares[i][0]])
            self.run.nodes.say(following, previous, [self.x[following][0], self.y[following][0], self.shares[i][1]])
            field = self.field
            products = field.add(field.mul(self.x[i][0], self.y[following][0]), field.mul(self.x[following][0], self.y[i][0]))
            self.run.verdicts[i] &= products == field.add(*self.shares[i])


class GatesProof:
    """Of words of AND gates."""

    def __init__(self, run: Verification, circuits: Sequence[tuple[int, Parts, Parts, Parts]], moves: Sequence[Move]) -> None:
        self.run, self.moves = run, moves
        self.coin: bytes | None = None
        self.folding: Folding | None = None
        count = sum(len(x[0]) for _, x, _, _ in circuits)
        padding = [0] * (-count % (ROWS * LANE))
        self.x = [[*chain(*(x[part] for _, x, _, _ in circuits)), *padding] for part in range(3)]
        self.y = [[*chain(*(y[part] for _, _, y, _ in circuits)), *padding] for part in range(3)]
        self.known: list[list[Column]] = []
        for i in range(3):
            c, d = list[int](), list[int]()
            for ticket, x, y, z in circuits:
                for j, (a, b, product) in enumerate(zip(x[i], y[i], z[i], strict=True)):
                    c.append(product ^ a & b ^ run.nodes.word(i, ticket, j))
                    d.append(run.nodes.word((i + 1) % 3, ticket, j))
            self.known.append([c + padding, d + padding])

    @property
    def is_over(self) -> bool:
        return self.folding is not None and self.folding.is_over

    def message(self, coin: bytes) -> list[Column]:
        if self.folding is not None:
            return [[], [], []] if self.is_over else self.folding.message(coin)
        if self.coin is not None:
            self.folding = self.start(coin)
            return self.folding.message(None)
        self.coin = coin
        weights = [coin_word(coin, BLOCKS, block) for block in range(len(self.x[0]) // ROWS)]

        def summed(row: Callable[[int], int]) -> int:
            return GF64.sum([gf64_multiply(row(block), weight) for block, weight in enumerate(weights)])

        def at(column: Column, row: int, block: int) -> int:
            return column[block // LANE * ROWS * LANE + row * LANE + block % LANE]

        masks = self.run.masks(ROWS * (ROWS - 1) // 2)
        messages, self.matrices = [], []
        for i in range(3):
            x, y, x_next, y_next = self.x[i], self.y[i], self.x[(i + 1) % 3], self.y[(i + 1) % 3]
            sides = [
                {(row, row): summed(lambda block, k=known, row=row: at(k, row, block)) for row in range(ROWS)}  # type: ignore[misc]
                for known in self.known[i]
            ]
            message = []
            for mask, (left, right) in zip(masks[(i + 1) % 3], combinations(range(ROWS), 2), strict=True):

                def both(column: Column, block: int, left: int = left, right: int = right) -> int:
                    return at(column, left, block) ^ at(column, right, block)

                entry = summed(
                    lambda block: both(x, block) & both(y_next, block) ^ both(x_next, block) & both(y, block)  # noqa: B023
                )
                message.append(entry ^ mask)
                for side, share in zip(sides, (entry ^ mask, mask), strict=True):
                    side[left, right] = share ^ side[left, left] ^ side[right, right]
            messages.append(message)
            self.matrices.append(sides)
        return messages

    def start(self, coin: bytes) -> Folding:
        """Columns of field elements: for each block of 512 words, gate by gate, and block by block of the eight."""
        assert self.coin is not None
        points = [coin_word(coin, BIT_POINTS, row) for row in range(ROWS)]
        shares = [
            [GF64.sum([gf64_multiply(gf64_multiply(points[a], points[b]), e) for (a, b), e in side.items()]) for side in sides]
            for sides in self.matrices
        ]

        def folded(column: Column, is_weighted: bool) -> Column:
            elements = []
            for start in range(0, len(column), ROWS * LANE):
                for gate in range(ROWS):
                    for lane in range(LANE):
                        bits = [column[start + row * LANE + lane] >> gate & 1 for row in range(ROWS)]
                        element = GF64.sum([point for point, bit in zip(points, bits, strict=True) if bit])
                        weight = gf64_multiply(coin_word(self.coin or b"", BLOCKS, start // ROWS + lane), 1 << gate)
                        elements.append(gf64_multiply(element, weight) if is_weighted else element)
            return elements

        x, y = [folded(part, True) for part in self.x], [folded(part, False) for part in self.y]
        first = 0
        for move in self.moves:
            weights = [coin_word(coin, MOVES, first + row) for row in range(len(move.order))]
            first += len(weights)
            for part in range(3):
                x[part] += move.x[part]
                inverse = sorted(range(len(weights)), key=move.order.__getitem__)
                y[part] += [weights[row] if part == move.part else 0 for row in inverse]
            for i in range(3):
                for side, terms in enumerate(behind(self.run.nodes, move, i)):
                    shares[i][side] ^= GF64.sum([gf64_multiply(w, term) for w, term in zip(weights, terms, strict=True)])
        return Folding(self.run, GF64, BIT_POINTS, x, y, shares)

    def show(self) -> None:
        assert self.folding is not None
        self.folding.show()


def behind(nodes: Nodes, move: Move, i: int) -> tuple[Column, Column]:
    """c and d of the rows that node i proves; the key of part j - 1 masks nothing in a step of part j."""
    c, d = list[int](), list[int]()
    silent = (move.part - 1) % 3
    for row, place in enumerate(move.order):
        own, following = (0 if part == silent else nodes.word(part, move.ticket, row) for part in (i, (i + 1) % 3))
        product = move.x[i][place] if i == move.part else 0
        z = move.z[i][row]
        c.append(z ^ product ^ own if move.xor else z - product - own)
        d.append(following)
    return c, d


class NumbersProof:
    """Of products modulo 2^64."""

    def __init__(self, run: Verification, products: Sequence[tuple[int, Parts, Parts, Parts]], moves: Sequence[Move]) -> None:
        self.run = run
        self.subsets: list[Column] | None = None
        self.folding: Folding | None = None
        self.x = [[*chain(*(x[part] for _, x, _, _ in products))] for part in range(3)]
        self.y = [[*chain(*(y[part] for _, _, y, _ in products))] for part in range(3)]
        self.c: list[Column] = [[], [], []]
        self.d: list[Column] = [[], [], []]
        for i in range(3):
            for ticket, x, y, z in products:
                for j, (a, b, product) in enumerate(zip(x[i], y[i], z[i], strict=True)):
                    self.c[i].append(product - a * b - run.nodes.word(i, ticket, j))
                    self.d[i].append(run.nodes.word((i + 1) % 3, ticket, j))
        self.products = len(self.x[0])
        self.element = list(range(self.products))  # the element that each claim is about
        for move in moves:
            self.element += [len(self.x[0]) + place for place in move.order]
            for part in range(3):
                self.x[part] += move.x[part]
                self.y[part] += [int(part == move.part)] * len(move.order)
                c, d = behind(run.nodes, move, part)
                self.c[part] += c
                self.d[part] += d

    @property
    def is_over(self) -> bool:
        return self.folding is not None and self.folding.is_over

    def message(self, coin: bytes) -> list[Column]:
        if self.folding is not None:
            return [[], [], []] if self.is_over else self.folding.message(coin)
        count = len(self.x[0])
        if self.subsets is not None:
            self.folding = self.start(coin)
            return self.folding.message(None)
        masks_of = [coin_word(coin, IN_SUBSET, j) for j in range(count)]
        self.subsets = [[j for j in range(count) if masks_of[j] >> subset & 1] for subset in range(SUBSETS)]
        masks = self.run.masks(3 * SUBSETS)
        messages: list[Column] = []
        self.equations: list[list[Column]] = []
        for i in range(3):
            message: Column = []
            sides: list[Column] = [[], []]
            for number, subset in enumerate(self.subsets):
                x, y, x_next, y_next = self.x[i], self.y[i], self.x[(i + 1) % 3], self.y[(i + 1) % 3]
                total = sum(x[e] * y_next[e] + x_next[e] * y[e] for e in (self.element[j] for j in subset))
                c, d = sum(self.c[i][j] for j in subset) % M, sum(self.d[i][j] for j in subset) % M
                low, middle, high = masks[(i + 1) % 3][3 * number :][:3]
                mask = low + (middle << 64) + (high >> 32 << 128)
                quotient, rest = divmod(total - c - d, M)
                self.run.verdicts[i] &= not rest
                message += [(quotient - mask) >> 64 * limb & M - 1 for limb in range(3)]
                sides[0].append(c + M * (quotient - mask))
                sides[1].append(d + M * mask)
            messages.append(message)
            self.equations.append(sides)
        return messages

    def start(self, coin: bytes) -> Folding:
        """Columns modulo the prime, times the weight of the claim: x of products, y of what moved."""
        assert self.subsets is not None
        prime = drawn_prime(coin)
        weights = [(coin_word(coin, SUMS, 2 * s) + (coin_word(coin, SUMS, 2 * s + 1) << 64)) % prime for s in range(SUBSETS)]
        shares = [
            [sum(w * equation for w, equation in zip(weights, side, strict=True)) % prime for side in sides]
            for sides in self.equations
        ]
        of = [0] * len(self.x[0])
        for j, element in enumerate(self.element):
            of[element] = sum(w for w, subset in zip(weights, self.subsets, strict=True) if j in subset) % prime
        first = self.products
        x = [[(w if at < first else 1) * e % prime for at, (w, e) in enumerate(zip(of, part, strict=True))] for part in self.x]
        y = [[(w if at >= first else 1) * e % prime for at, (w, e) in enumerate(zip(of, part, strict=True))] for part in self.y]
        return Folding(self.run, prime_field(prime), NUMBER_POINTS, x, y, shares)

    def show(self) -> None:
        assert self.folding is not None
        self.folding.show()


def _words(data: bytes) -> Column:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
