//! Three nodes in one thread: honest ones agree, and no altered word of anybody goes through.

use super::matrix::Matrices;
use super::moves::{Moved, Order};
use super::proof::{Batch, Bits, Proof, ProofError};
use crate::rss::permute::permutation;
use crate::rss::ring::Shares;
use crate::rss::streams::{Side, Streams};

const TICKET: u64 = 1 << 40;

struct Column([Vec<u64>; 3]);

impl Column {
    /// Any words: what is shared does not matter here.
    fn draw(tag: u8, count: usize) -> Self {
        let stream = Streams::new(&[tag; 16], &[0; 16]);
        Self(std::array::from_fn(|part| {
            let mut words = vec![0; count];
            stream.fill(Side::Own, part as u64, 0, &mut words);
            words
        }))
    }

    fn at(&self, node: usize) -> Shares<'_> {
        Shares { own: &self.0[node], next: &self.0[(node + 1) % 3] }
    }
}

/// Rows, inner length, columns.
type Shape = (usize, usize, usize);

struct World {
    streams: [Streams; 3],
    bits: Vec<(u64, [Column; 3])>,
    products: Vec<(u64, usize, [Column; 3])>,
    matrices: Vec<(u64, Shape, [Column; 3])>,
    moves: Vec<Step>,
}

/// One step of a shuffle.
struct Step {
    ticket: u64,
    /// Whose holders know the order.
    part: usize,
    order: Vec<u32>,
    is_bits: bool,
    x: Column,
    z: Column,
}

impl World {
    fn new(bits: &[usize], products: &[(usize, usize)], matrices: &[(usize, usize, usize)]) -> Self {
        let key = |i: usize| [i as u8 + 9; 16];
        let streams = std::array::from_fn(|i| Streams::new(&key(i), &key((i + 1) % 3)));
        let mut tickets = 0..;
        let mut ticket = || tickets.next().unwrap();
        let mut world = Self { streams, bits: vec![], products: vec![], matrices: vec![], moves: vec![] };
        for (tag, &count) in bits.iter().enumerate() {
            let (at, x, y) = (ticket(), Column::draw(tag as u8, count), Column::draw(tag as u8 + 50, count));
            let z = std::array::from_fn(|i| {
                let mut z = vec![0; count];
                world.streams[i].fill_zero_bits(at, 0, &mut z);
                let (x, y) = (x.at(i), y.at(i));
                z.iter_mut().enumerate().for_each(|(j, z)| *z ^= x.own[j] & (y.own[j] ^ y.next[j]) ^ x.next[j] & y.own[j]);
                z
            });
            world.bits.push((at, [x, y, Column(z)]));
        }
        for (tag, &(count, inner)) in products.iter().enumerate() {
            let (at, tag) = (ticket(), tag as u8);
            let (x, y) = (Column::draw(tag + 100, count * inner), Column::draw(tag + 150, count * inner));
            let z = std::array::from_fn(|i| {
                let mut z = vec![0; count];
                world.streams[i].fill_zero_words(at, 0, &mut z);
                let (x, y) = (x.at(i), y.at(i));
                for j in 0..count * inner {
                    let both = y.own[j].wrapping_add(y.next[j]);
                    let sum = x.own[j].wrapping_mul(both).wrapping_add(x.next[j].wrapping_mul(y.own[j]));
                    z[j / inner] = z[j / inner].wrapping_add(sum);
                }
                z
            });
            world.products.push((at, inner, [x, y, Column(z)]));
        }
        for (tag, &shape) in matrices.iter().enumerate() {
            let (at, tag, (rows, inner, columns)) = (ticket(), tag as u8, shape);
            let (x, y) = (Column::draw(tag + 200, rows * inner), Column::draw(tag + 220, inner * columns));
            let z = std::array::from_fn(|i| {
                let mut z = vec![0; rows * columns];
                world.streams[i].fill_zero_words(at, 0, &mut z);
                let (x, y) = (x.at(i), y.at(i));
                for (place, z) in z.iter_mut().enumerate() {
                    for k in 0..inner {
                        let (left, right) = (place / columns * inner + k, k * columns + place % columns);
                        let both = y.own[right].wrapping_add(y.next[right]);
                        let sum = x.own[left].wrapping_mul(both).wrapping_add(x.next[left].wrapping_mul(y.own[right]));
                        *z = z.wrapping_add(sum);
                    }
                }
                z
            });
            world.matrices.push((at, shape, [x, y, Column(z)]));
        }
        world
    }

    /// With steps of shuffles: of so many rows, by the holders of a part, of words of bits or numbers.
    fn with_moves(mut self, moves: &[(usize, usize, bool)]) -> Self {
        for (at, &(count, part, is_bits)) in moves.iter().enumerate() {
            let (ticket, x) = (1000 + at as u64, Column::draw(at as u8 + 240, count));
            let order = permutation(&self.streams[part], Side::Own, 2000 + at as u64, count as u32).unwrap();
            let masks: [Vec<u64>; 3] = std::array::from_fn(|of| {
                let mut words = vec![0; count];
                self.streams[of].fill(Side::Own, ticket, 0, &mut words);
                words
            });
            let mask = |of: usize, row: usize| masks[of % 3][row];
            let z = std::array::from_fn(|i| {
                let moved = |of: usize, row: usize| x.0[of % 3][order[row] as usize];
                let row = |row: usize| match ((i + 3 - part) % 3, is_bits) {
                    (2, false) => moved(part + 2, row).wrapping_sub(mask(part, row)),
                    (2, true) => moved(part + 2, row) ^ mask(part, row),
                    (0, false) => {
                        let sum = moved(part, row).wrapping_add(moved(part + 1, row));
                        sum.wrapping_add(mask(part, row)).wrapping_sub(mask(part + 1, row))
                    }
                    (0, true) => moved(part, row) ^ moved(part + 1, row) ^ mask(part, row) ^ mask(part + 1, row),
                    _ => mask(part + 1, row),
                };
                (0..count).map(row).collect()
            });
            self.moves.push(Step { ticket, part, order, is_bits, x, z: Column(z) });
        }
        self
    }

    fn batches(&self, i: usize) -> Vec<Batch<'_>> {
        let mut batches = Vec::new();
        for (ticket, [x, y, z]) in &self.bits {
            let (x, y, z) = (x.at(i), y.at(i), z.at(i));
            batches.push(Batch::Bits(Bits { ticket: *ticket, rows: [x.own, x.next, y.own, y.next, z.next] }));
        }
        for (ticket, inner, [x, y, z]) in &self.products {
            batches.push(Batch::Products { ticket: *ticket, inner: *inner, x: x.at(i), y: y.at(i), z_next: z.at(i).next });
        }
        for (ticket, shape, [x, y, z]) in &self.matrices {
            let (x, y, z) = (x.at(i), y.at(i), z.at(i));
            batches.push(Batch::Matrices(Matrices { ticket: *ticket, shape: *shape, x, y, z_next: z.next }));
        }
        for step in &self.moves {
            let order = match (i + 3 - step.part) % 3 {
                0 => Order::Own(&step.order),
                2 => Order::Next(&step.order),
                _ => Order::Hidden,
            };
            let (x, z_next) = (step.x.at(i), step.z.at(i).next);
            batches.push(Batch::Moved(Moved { ticket: step.ticket, order, is_bits: step.is_bits, x, z_next }));
        }
        batches
    }

    /// What each node says of its next and its previous one; `alter` may change message number `step` of a node.
    fn verdicts(&self, alter: impl Fn(usize, usize, &mut Vec<u64>)) -> Result<[[bool; 2]; 3], ProofError> {
        let batches: [_; 3] = std::array::from_fn(|i| self.batches(i));
        let mut proofs: [_; 3] = std::array::from_fn(|i| Proof::new(TICKET, &batches[i]));
        let lengths = proofs[0].lengths().to_vec();
        for step in 0..=lengths.len() {
            let coins: [_; 3] = std::array::from_fn(|i| proofs[i].coins(&self.streams[i]));
            let mut messages: [Vec<u64>; 3] = Default::default();
            for i in 0..3 {
                assert_eq!(coins[i][1], coins[(i + 1) % 3][0]);
                let coin = std::array::from_fn(|j| coins[0][0][j] ^ coins[1][0][j] ^ coins[2][0][j]);
                messages[i] = proofs[i].challenge(&coin, &self.streams[i], &batches[i])?;
                assert_eq!(messages[i].len(), *lengths.get(step).unwrap_or(&0));
                alter(i, step, &mut messages[i]);
            }
            for i in 0..if step < lengths.len() { 3 } else { 0 } {
                proofs[i].hear(&messages[(i + 1) % 3])?;
            }
        }
        let mut shown = Vec::new();
        for (i, proof) in proofs.iter().enumerate() {
            let mut said = proof.shown()?;
            assert!(said.iter().all(|words| words.len() == proof.shown_words()));
            alter(i, lengths.len() + 1, &mut said[0]);
            alter(i, lengths.len() + 2, &mut said[1]);
            shown.push(said);
        }
        let mut verdicts = [[false; 2]; 3];
        for i in 0..3 {
            verdicts[i] = proofs[i].holds(&shown[(i + 2) % 3][1], &shown[(i + 1) % 3][0])?;
        }
        Ok(verdicts)
    }
}

fn honest(_: usize, _: usize, _: &mut Vec<u64>) {}

#[test]
fn honest_nodes_prove_their_products_whatever_their_number() {
    for count in [1, 2, 63, 64, 65, 511, 512, 513, 5000, 140_000] {
        assert_eq!(World::new(&[count], &[], &[]).verdicts(honest), Ok([[true; 2]; 3]), "{count} words of gates");
    }
    for (count, inner) in [(1, 1), (2, 1), (64, 1), (65, 1), (511, 1), (513, 1), (1, 1000), (7, 33), (70_000, 1), (3, 0)] {
        assert_eq!(World::new(&[], &[(count, inner)], &[]).verdicts(honest), Ok([[true; 2]; 3]), "{count} of {inner}");
    }
    for shape in [(1, 1, 1), (3, 5, 2), (20, 1, 30), (0, 3, 4), (3, 0, 4)] {
        assert_eq!(World::new(&[], &[], &[shape]).verdicts(honest), Ok([[true; 2]; 3]), "{shape:?}");
    }
    let all = World::new(&[3, 700, 0, 1], &[(10, 1), (4, 6), (0, 1)], &[(2, 3, 4), (5, 1, 1)]);
    assert_eq!(all.verdicts(honest), Ok([[true; 2]; 3]));
    assert_eq!(World::new(&[], &[], &[]).verdicts(honest), Ok([[true; 2]; 3]));
}

#[test]
fn honest_nodes_prove_their_moves() {
    for (count, is_bits) in [1, 2, 63, 65, 511, 512, 513, 1500].into_iter().flat_map(|n| [(n, false), (n, true)]) {
        for part in 0..3 {
            let world = World::new(&[], &[], &[]).with_moves(&[(count, part, is_bits)]);
            assert_eq!(world.verdicts(honest), Ok([[true; 2]; 3]), "{count} {is_bits} {part}");
        }
    }
    let moves = [(700, 0, false), (700, 1, true), (3, 2, false), (0, 2, true), (90, 2, true)];
    for numbers in [10, 66_000] {
        let all = World::new(&[3, 700], &[(numbers, 1), (4, 6)], &[(2, 3, 4)]).with_moves(&moves);
        assert_eq!(all.verdicts(honest), Ok([[true; 2]; 3]));
    }
}

#[test]
fn a_wrong_bit_of_a_move_is_caught_by_both_others() {
    for (liar, part, is_bits) in (0..9).flat_map(|at| [(at % 3, at / 3, false), (at % 3, at / 3, true)]) {
        let moves = [(600, part, is_bits), (600, part, is_bits)];
        let world = || World::new(&[10], &[(10, 1)], &[]).with_moves(&moves);
        for (row, bit) in [(0, 0), (511, 63), (599, 7)] {
            let mut world = world();
            world.moves[1].z.0[liar][row] ^= 1 << bit;
            assert!(is_caught(world.verdicts(honest).unwrap(), liar), "{liar} {part} {is_bits} {row} {bit}");
        }
        if liar == (part + 1) % 3 {
            continue; // who does not know the order says nothing
        }
        let mut swapped = world();
        swapped.moves[0].z.0[liar].swap(5, 6);
        assert!(is_caught(swapped.verdicts(honest).unwrap(), liar), "rows {liar} {part} {is_bits}");
        let mut exchanged = world();
        let (left, right) = exchanged.moves.split_at_mut(1);
        std::mem::swap(&mut left[0].z.0[liar], &mut right[0].z.0[liar]);
        assert!(is_caught(exchanged.verdicts(honest).unwrap(), liar), "columns {liar} {part} {is_bits}");
    }
}

/// Node `liar` is caught by both of the others.
fn is_caught(verdicts: [[bool; 2]; 3], liar: usize) -> bool {
    !verdicts[(liar + 2) % 3][0] && !verdicts[(liar + 1) % 3][1]
}

#[test]
fn a_wrong_bit_of_any_product_is_caught_by_both_others() {
    for liar in 0..3 {
        for (word, bit) in [(0, 0), (0, 63), (299, 5), (64, 64 - 1), (8, 1)] {
            let mut world = World::new(&[300], &[(300, 1)], &[(3, 4, 100)]);
            world.bits[0].1[2].0[liar][word] ^= 1 << bit;
            assert!(is_caught(world.verdicts(honest).unwrap(), liar), "bits {liar} {word} {bit}");
            world.bits[0].1[2].0[liar][word] ^= 1 << bit;
            world.products[0].2[2].0[liar][word] ^= 1 << bit;
            assert!(is_caught(world.verdicts(honest).unwrap(), liar), "numbers {liar} {word} {bit}");
            world.products[0].2[2].0[liar][word] ^= 1 << bit;
            world.matrices[0].2[2].0[liar][word] ^= 1 << bit;
            assert!(is_caught(world.verdicts(honest).unwrap(), liar), "matrices {liar} {word} {bit}");
        }
        // columns that are too long to be written down
        let mut world = World::new(&[], &[(300, 7), (70_000, 1)], &[]);
        world.products[1].2[2].0[liar][69_999] ^= 1 << 63;
        assert!(is_caught(world.verdicts(honest).unwrap(), liar));
        // errors that add up to nothing
        let mut world = World::new(&[1024], &[(300, 1)], &[]);
        for word in [0, 8, 512] {
            world.bits[0].1[2].0[liar][word] ^= 3;
            world.bits[0].1[2].0[liar][word + 1] ^= 3;
        }
        assert!(is_caught(world.verdicts(honest).unwrap(), liar));
        let mut world = World::new(&[], &[(300, 1)], &[]);
        let wrong = &mut world.products[0].2[2].0[liar];
        (wrong[0], wrong[1]) = (wrong[0].wrapping_add(1), wrong[1].wrapping_sub(1));
        assert!(is_caught(world.verdicts(honest).unwrap(), liar));
    }
}

#[test]
fn a_wrong_word_of_any_message_is_caught() {
    let world = World::new(&[300], &[(300, 1)], &[]).with_moves(&[(30, 0, true), (30, 1, false)]);
    let lengths = Proof::new(TICKET, &world.batches(0)).lengths().to_vec();
    for liar in 0..3 {
        for (step, &length) in lengths.iter().enumerate() {
            for word in [0, 1, length / 2, length - 1] {
                let verdicts = world.verdicts(|node, at, message| {
                    if (node, at) == (liar, step) {
                        message[word] ^= 4;
                    }
                });
                assert!(verdicts.map_or(true, |verdicts| is_caught(verdicts, liar)), "{liar} {step} {word}");
            }
        }
        for (side, word) in (0..2).flat_map(|side| (0..6).map(move |word| (side, word))) {
            let verdicts = world.verdicts(|node, at, message| {
                if (node, at) == (liar, lengths.len() + 1 + side) {
                    message[word] ^= 4;
                }
            });
            // who shows something wrong is disbelieved by the one it shows it to
            assert_ne!(verdicts, Ok([[true; 2]; 3]), "{liar} {side} {word}");
        }
    }
}

#[test]
fn what_is_heard_has_the_length_and_size_of_an_honest_message() {
    let world = World::new(&[], &[(10, 1)], &[]);
    let short = world.verdicts(|node, step, message| {
        if (node, step) == (1, 0) {
            message.pop();
        }
    });
    assert_eq!(short, Err(ProofError::Length { found: 143, needed: 144 }));
    for large in [1 << 33, 1 << 63, (1_u64 << 33).wrapping_neg() - 1] {
        let verdicts = world.verdicts(|node, step, message| {
            if (node, step) == (1, 0) {
                message[2] = large;
            }
        });
        assert_eq!(verdicts, Err(ProofError::Malformed), "{large}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn vectors_of_every_width_say_what_portable_code_says() {
    use super::field::{combine_portable, crossed_portable, products_portable};
    use super::lanes_simd::{self, Width};
    for (count, width) in (0..20).chain([64, 128, 129]).flat_map(|count| Width::all().map(move |width| (count, width))) {
        let words: Vec<Vec<u64>> = (0..8).map(|tag| Column::draw(tag, count).0[0].clone()).collect();
        let four = |from: usize| -> [&[u64]; 4] { std::array::from_fn(|i| &words[from + i][..]) };
        assert_eq!(lanes_simd::crossed(width, four(0), four(4)), crossed_portable(four(0), four(4)), "{count} {width:?}");
        assert_eq!(lanes_simd::products(width, four(0)), products_portable(four(0)), "{count} {width:?}");
        let rows: Vec<&[u64]> = words[1..].iter().map(|row| &row[..]).collect();
        let points = Column::draw(77, rows.len()).0[0].clone();
        let (mut one, mut other) = (vec![1; count], vec![2; count]);
        lanes_simd::combine(width, &points, &rows, &mut one);
        combine_portable(&points, &rows, &mut other);
        assert_eq!(one, other, "{count} {width:?}");
    }
}
