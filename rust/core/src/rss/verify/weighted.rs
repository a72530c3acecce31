//! The columns that the proof for numbers folds first: x times the weight of its claim, and y, modulo the prime.
//!
//! They are read off the notes each time they are needed, and not written down: what reduces and weighs an element takes less time
//! than fresh memory for it. Only where rows moved, y is scattered, so those columns are held.

use super::coins::{Coin, Use};
use super::field::Field;
use super::inner::Source;
use super::moves::Moved;
use super::numbers::{Claims, SUBSETS};
use super::prime::Prime;

/// Elements that are weighed together.
const STRIP: usize = 256;

/// Bits of a subset mask that vectors look up together: two vectors of sums.
pub(super) const DIGIT: usize = 4;
/// Bits that are looked up together in memory.
pub(super) const BYTE: usize = 8;

/// The sums of the weights of the subsets in a digit of a mask, for each value of each digit, and for each value of each byte.
pub(super) struct Table {
    pub(super) digits: [[u64; 1 << DIGIT]; SUBSETS / DIGIT],
    pub(super) bytes: [[u64; 1 << BYTE]; SUBSETS / BYTE],
}

impl Table {
    /// Of a weight for each subset.
    pub(super) fn new(field: &Prime, weights: &[u64]) -> Self {
        fn sums<const VALUES: usize>(field: &Prime, weights: &[u64]) -> [u64; VALUES] {
            let mut sums = [0; VALUES];
            for value in 1..VALUES {
                sums[value] = field.add(sums[value & (value - 1)], weights[value.trailing_zeros() as usize]);
            }
            sums
        }
        Self {
            digits: std::array::from_fn(|digit| sums(field, &weights[DIGIT * digit..])),
            bytes: std::array::from_fn(|byte| sums(field, &weights[BYTE * byte..])),
        }
    }
}

/// What weighs columns.
pub(super) struct Weighted {
    field: Prime,
    /// Drew the subsets.
    coin: Coin,
    table: Box<Table>,
    /// Of the claims on rows that moved: x own, y next, x next, y own.
    held: Vec<[Vec<u64>; 4]>,
}

/// The columns of some claims.
pub(super) struct Columns<'a> {
    weighted: &'a Weighted,
    pieces: Vec<Piece<'a>>,
    length: usize,
}

/// The elements of claims of one kind.
struct Piece<'a> {
    claims: &'a Claims<'a>,
    /// Where they begin in the columns.
    at: usize,
    /// Number of the first claim.
    first: u64,
    held: Option<&'a [Vec<u64>; 4]>,
}

impl Weighted {
    /// Of the subsets that a coin drew, each with its weight.
    pub(super) fn new(field: Prime, coin: Coin, weights: &[u64], claims: &[Claims<'_>]) -> Self {
        let table = Box::new(Table::new(&field, weights));
        let mut made = Self { field, coin, table, held: Vec::new() };
        let mut first = 0;
        for claims in claims {
            if let Claims::Moved(moved) = claims {
                made.held.push(made.hold(moved, first));
            }
            first += claims.len() as u64;
        }
        made
    }

    /// The columns of the same claims.
    pub(super) fn columns<'a>(&'a self, claims: &'a [Claims<'a>]) -> Columns<'a> {
        let (mut length, mut first) = (0, 0);
        let mut held = self.held.iter();
        let mut pieces = Vec::with_capacity(claims.len());
        for claims in claims {
            let held = if let Claims::Moved(_) = claims { held.next() } else { None };
            pieces.push(Piece { claims, at: length, first, held });
            length += claims.elements();
            first += claims.len() as u64;
        }
        Columns { weighted: self, pieces, length }
    }

    fn hold(&self, moved: &Moved<'_>, first: u64) -> [Vec<u64>; 4] {
        let mut columns = [const { Vec::new() }; 4];
        let [x_own, y_next, x_next, y_own] = &mut columns;
        self.field.reduce_each(moved.x.own, x_own);
        self.field.reduce_each(moved.x.next, x_next);
        let mut weights = [0; STRIP];
        for from in (0..moved.len()).step_by(STRIP) {
            let weights = &mut weights[..STRIP.min(moved.len() - from)];
            self.weigh(first + from as u64, weights);
            moved.scatter([&mut *y_own, &mut *y_next], from, weights);
        }
        columns
    }

    /// The weights of claims from one on.
    fn weigh(&self, first: u64, weights: &mut [u64]) {
        let mut subsets = [0; STRIP];
        let subsets = &mut subsets[..weights.len()];
        self.coin.fill(Use::Subsets, first, subsets);
        self.field.look_up(&self.table, subsets, weights);
    }
}

impl Source for Columns<'_> {
    fn len(&self) -> usize {
        self.length
    }

    fn read(&self, from: usize, mut to: [&mut [u64]; 4]) {
        let mut at = from;
        let mut next = self.pieces.partition_point(|piece| piece.at <= from).saturating_sub(1);
        while !to[0].is_empty() && at < self.length {
            let piece = &self.pieces[next];
            let left = piece.at + piece.claims.elements() - at;
            let count = left.min(to[0].len()).min(STRIP);
            let here = to.each_mut().map(|column| column.split_off_mut(..count).unwrap_or_default());
            if count != 0 {
                piece.read(self.weighted, at - piece.at, here);
            }
            at += count;
            next += usize::from(count == left);
        }
        to.into_iter().for_each(|column| column.fill(0));
    }
}

impl Piece<'_> {
    fn read(&self, weighted: &Weighted, from: usize, to: [&mut [u64]; 4]) {
        let here = from..from + to[0].len();
        match (self.claims, self.held) {
            (_, Some(held)) => to.into_iter().zip(held).for_each(|(to, held)| to.copy_from_slice(&held[here.clone()])),
            (Claims::Products { inner, x, y, .. }, None) => {
                let mut weights = [0; STRIP];
                let (first, last) = (from / inner, (here.end - 1) / inner);
                let weights = &mut weights[..=last - first];
                weighted.weigh(self.first + first as u64, weights);
                let (x, y) = (x.part(here.clone()), y.part(here.clone()));
                let words = [x.own, y.next, x.next, y.own];
                if *inner == 1 {
                    return weighted.field.weigh(weights, words, to);
                }
                let (mut each, mut at) = ([0; STRIP], from);
                for (claim, &weight) in (first..).zip(weights.iter()) {
                    let end = ((claim + 1) * inner).min(here.end);
                    each[at - from..end - from].fill(weight);
                    at = end;
                }
                weighted.field.weigh(&each[..here.len()], words, to);
            }
            (Claims::Moved(_), None) => unreachable!("columns of rows that moved are held"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::coins::Masks;
    use super::super::inner::Inner;
    use super::super::moves::Order;
    use super::super::numbers::Behind;
    use super::*;
    use crate::rss::ring::Shares;
    use crate::rss::streams::{Side, Streams};

    struct Notes([Vec<u64>; 4]);

    impl Notes {
        fn draw(streams: &Streams, tag: u64, count: usize) -> Self {
            Self(std::array::from_fn(|i| {
                let mut words = vec![0; count];
                streams.fill(Side::Own, 4 * tag + i as u64, 0, &mut words);
                words
            }))
        }

        fn shares(&self) -> [Shares<'_>; 2] {
            let [x_own, x_next, y_own, y_next] = &self.0;
            [Shares { own: x_own, next: x_next }, Shares { own: y_own, next: y_next }]
        }
    }

    #[test]
    fn columns_that_are_read_are_those_that_are_written() {
        let streams = Streams::new(&[3; 16], &[4; 16]);
        let shapes = [(50_000, 1), (0, 3), (1300, 7), (2, 0), (5, 1999), (3, 1)];
        let notes: Vec<Notes> =
            shapes.iter().enumerate().map(|(tag, &(count, inner))| Notes::draw(&streams, tag as u64, count * inner)).collect();
        let moved = Notes::draw(&streams, 99, 700);
        let order: Vec<u32> = (0..700).map(|row| (row * 3) % 700).collect();
        let zeros = vec![0; 50_000];
        let mut claims: Vec<Claims<'_>> = Vec::new();
        for (notes, &(count, inner)) in notes.iter().zip(&shapes) {
            let ([x, y], z_next) = (notes.shares(), &zeros[..count]);
            claims.push(Claims::Products { inner, x, y, masks: Behind::Exchanged { ticket: 0, z_next } });
            if claims.len().is_multiple_of(3) {
                let (x, z_next) = (moved.shares()[0], &zeros[..700]);
                claims.push(Claims::Moved(Moved { ticket: 0, order: Order::Own(&order), is_bits: false, x, z_next }));
            }
        }
        let field = Prime::draw_from(&Coin::new(&[5; 16]));
        let weights: Vec<u64> = (0..SUBSETS as u64).map(|i| field.draw([i.wrapping_mul(u64::MAX / 77), i])).collect();
        let weighted = Weighted::new(field, Coin::new(&[6; 16]), &weights, &claims);
        let columns = weighted.columns(&claims);

        let mut subsets = vec![0; claims.iter().map(Claims::len).sum()];
        Coin::new(&[6; 16]).fill(Use::Subsets, 0, &mut subsets);
        let chosen = |subset: u64| (0..SUBSETS).filter(move |&at| subset >> at & 1 == 1);
        let weight = |&subset: &u64| chosen(subset).fold(0, |sum, at| field.add(sum, weights[at]));
        let mut each = subsets.iter().map(weight);
        let mut written = [const { Vec::new() }; 4];
        for claims in &claims {
            let of_claims: Vec<u64> = each.by_ref().take(claims.len()).collect();
            match claims {
                Claims::Products { inner, x, y, .. } => {
                    let of_elements: Vec<u64> = of_claims.iter().flat_map(|&weight| vec![weight; *inner]).collect();
                    for (column, words) in written.iter_mut().zip([x.own, y.next, x.next, y.own]) {
                        column.extend(words.iter().map(|&word| field.reduce(word)));
                    }
                    for column in [0, 2] {
                        let start = written[column].len() - of_elements.len();
                        for (element, &weight) in written[column][start..].iter_mut().zip(&of_elements) {
                            *element = field.multiply(*element, weight);
                        }
                    }
                }
                Claims::Moved(moved) => {
                    let [x_own, y_next, x_next, y_own] = &mut written;
                    x_own.extend(moved.x.own.iter().map(|&word| field.reduce(word)));
                    x_next.extend(moved.x.next.iter().map(|&word| field.reduce(word)));
                    moved.scatter([y_own, y_next], 0, &of_claims);
                }
            }
        }
        let length = written[0].len();
        assert!(length > 1 << 16, "long enough to be read and not written");
        for (from, count) in [(0, 1), (0, length), (49_999, 300), (50_699, 3), (length - 5, 128), (length + 3, 9)] {
            let mut read: [Vec<u64>; 4] = std::array::from_fn(|_| vec![7; count]);
            columns.read(from, read.each_mut().map(|column| &mut column[..]));
            for (read, written) in read.iter().zip(&written) {
                let expected = written.iter().skip(from).chain(std::iter::repeat(&0)).take(count);
                assert!(read.iter().eq(expected), "{count} from {from}");
            }
        }

        let points: Vec<u64> = (0..16).map(|i| u64::MAX / (i + 3)).collect();
        let mut said = Vec::new();
        for is_read in [true, false] {
            let mut inner = match is_read {
                true => Inner::read_from(field, &columns, [1, 2]),
                false => Inner::new(field, written.clone(), [1, 2]),
            };
            let source = is_read.then_some(&columns as &dyn Source);
            assert_eq!(inner.columns[0].is_empty(), is_read);
            let message = inner.message(source, &streams, &mut Masks::new(9));
            inner.hear(&message);
            assert!(!inner.fold(source, &points));
            said.push((message, inner.columns, inner.claims));
        }
        assert!(said[0] == said[1], "one transcript, whether columns are read or written");
    }
}
