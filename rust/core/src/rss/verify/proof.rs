//! One verification by one node: its own proof, and its part in those of the two others, message by message.

use super::bits;
use super::coins::{Coin, Masks, Use};
use super::field::{Field, Gf64};
use super::inner::{self, Inner, Source};
use super::matrix::{self, Matrices, Projected};
use super::moves::Moved;
use super::numbers::{self, Behind, Claims};
use super::prime::Prime;
use super::weighted::Weighted;
use crate::rss::ring::Shares;
use crate::rss::streams::{KEY_BYTES, Streams};

/// Notes of the AND gates of a circuit's run, in message order.
#[derive(Clone, Copy, Debug)]
pub struct Bits<'a> {
    /// Names the masks.
    pub ticket: u64,
    /// x own, x next, y own, y next, z next.
    pub rows: [&'a [u64]; 5],
}

impl Bits<'_> {
    pub(super) fn len(&self) -> usize {
        self.rows[0].len()
    }
}

/// Products that were exchanged and are to be verified.
#[derive(Clone, Copy, Debug)]
pub enum Batch<'a> {
    /// AND gates.
    Bits(Bits<'a>),
    /// Inner products.
    Products {
        /// Names the masks.
        ticket: u64,
        /// Factors of each.
        inner: usize,
        /// Left factors, one product after the other.
        x: Shares<'a>,
        /// Right factors.
        y: Shares<'a>,
        /// The next node's shares of the results.
        z_next: &'a [u64],
    },
    /// A matrix product.
    Matrices(Matrices<'a>),
    /// A step of a shuffle.
    Moved(Moved<'a>),
}

/// A call or a message that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// This step is not next.
    NotNext,
    /// A message has not so many words.
    Length {
        /// What was given.
        found: usize,
        /// What is needed.
        needed: usize,
    },
    /// The next node's message has what no honest one has.
    Malformed,
}

/// Words that a node shows at the end, to each neighbour: of both parts of a proof two elements and a share of the claim.
const SHOWN: usize = 3;

/// What is shared of a product's proof by one field.
enum Part<O, F> {
    Nothing,
    Claimed,
    Open(O),
    Folding(Inner<F>),
    Folded(Inner<F>),
}

/// The state of a verification.
///
/// All nodes call `challenge` with the same coin and the same notes in the same order; `hear` follows but for the last time.
pub struct Proof {
    masks: Masks,
    lengths: Vec<usize>,
    /// Coins used.
    step: usize,
    bits: Part<bits::Open, Gf64>,
    numbers: Part<numbers::Open, Prime>,
    projected: Vec<Projected>,
    /// Of the columns of numbers at their first level.
    weighted: Option<Weighted>,
    /// Words of the last message that belong to the bits.
    split: usize,
}

impl Proof {
    /// Of batches as they will be given to `challenge`, only their lengths are looked at. The ticket is used for masks.
    pub fn new(ticket: u64, batches: &[Batch<'_>]) -> Self {
        let words = bits_of(batches).iter().map(Bits::len).sum();
        let moved = moved_words(batches).iter().map(Moved::len).sum();
        let of_numbers = batches.iter().map(numbers_length).sum();
        Self {
            masks: Masks::new(ticket),
            lengths: Self::traffic(words, moved, of_numbers).0,
            step: 0,
            bits: if words + moved == 0 { Part::Nothing } else { Part::Claimed },
            numbers: if of_numbers == 0 { Part::Nothing } else { Part::Claimed },
            projected: Vec::new(),
            weighted: None,
            split: 0,
        }
    }

    /// `lengths` and `shown_words` for so many words of AND gates, words that a step of a shuffle moved, and products of numbers,
    /// numbers that moved among them.
    pub fn traffic(words: usize, moved: usize, numbers: usize) -> (Vec<usize>, usize) {
        let of_bits = levels(bits::folded_length(words) + moved, bits::MESSAGE_WORDS);
        let of_numbers = levels(numbers, numbers::MESSAGE_WORDS);
        let at = |lengths: &[usize], level: usize| lengths.get(level).copied().unwrap_or(0);
        let lengths = (0..of_bits.len().max(of_numbers.len())).map(|level| at(&of_bits, level) + at(&of_numbers, level));
        (lengths.collect(), SHOWN * (usize::from(words + moved != 0) + usize::from(numbers != 0)))
    }

    /// Words of each message to the previous node; none if there is nothing to verify.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Words that are shown to each neighbour at the end.
    pub fn shown_words(&self) -> usize {
        let is_there = [!matches!(self.bits, Part::Nothing), !matches!(self.numbers, Part::Nothing)];
        SHOWN * is_there.into_iter().filter(|&is| is).count()
    }

    /// This node's and the next node's part of the next coin, which its holders reveal once they heard the last message.
    pub fn coins(&mut self, streams: &Streams) -> [[u8; KEY_BYTES]; 2] {
        let words = self.masks.take(streams, KEY_BYTES / 8);
        words.map(|words| std::array::from_fn(|i| words[i / 8].to_le_bytes()[i % 8]))
    }

    /// The next message to the previous node; empty after the last coin.
    ///
    /// # Errors
    /// All coins were given.
    pub fn challenge(
        &mut self,
        coin: &[u8; KEY_BYTES],
        streams: &Streams,
        batches: &[Batch<'_>],
    ) -> Result<Vec<u64>, ProofError> {
        if self.step > self.lengths.len() {
            return Err(ProofError::NotNext);
        }
        let masks = &mut self.masks;
        let points = Coin::new(coin);
        let mut message = Vec::new();
        self.bits = match std::mem::replace(&mut self.bits, Part::Nothing) {
            Part::Claimed => {
                let (said, open) = bits::message(&bits_of(batches), streams, masks, Coin::new(coin));
                message.extend(said);
                Part::Open(open)
            }
            Part::Open(open) => {
                let folded = open.fold(&bits_of(batches), &moved_words(batches), streams, &points);
                start(folded, None, streams, masks, &mut message)
            }
            Part::Folding(inner) => go_on(inner, &points, Use::BitPoints, None, streams, masks, &mut message),
            other => other,
        };
        self.split = message.len();
        self.numbers = match std::mem::replace(&mut self.numbers, Part::Nothing) {
            Part::Claimed => {
                let mut first = [0; 2];
                let matrices = batches.iter().filter_map(|batch| match batch {
                    Batch::Matrices(matrices) => is_projected(matrices).then_some(matrices),
                    _ => None,
                });
                self.projected = matrices.map(|matrices| matrix::project(matrices, streams, &points, &mut first)).collect();
                let claims = claims(batches, &self.projected);
                let (said, open) = numbers::message(&claims, streams, masks, Coin::new(coin));
                message.extend(said);
                Part::Open(open)
            }
            Part::Open(open) => {
                let claims = claims(batches, &self.projected);
                let (inner, weighted) = open.fold(&claims, &points);
                let folding = start(inner, Some(&weighted.columns(&claims)), streams, masks, &mut message);
                self.weighted = Some(weighted);
                folding
            }
            Part::Folding(inner) => {
                let (weighted, claims) = (self.weighted.take(), claims(batches, &self.projected));
                let columns = weighted.as_ref().map(|weighted| weighted.columns(&claims));
                let source = columns.as_ref().map(|columns| columns as &dyn Source);
                let next = go_on(inner, &points, Use::NumberPoints, source, streams, masks, &mut message);
                self.projected.clear();
                next
            }
            other => other,
        };
        self.step += 1;
        Ok(message)
    }

    /// Takes the next node's message on.
    ///
    /// # Errors
    /// It has another length, or what no honest node sends.
    pub fn hear(&mut self, message: &[u64]) -> Result<(), ProofError> {
        let needed = self.step.checked_sub(1).and_then(|step| self.lengths.get(step)).ok_or(ProofError::NotNext)?;
        if message.len() != *needed {
            return Err(ProofError::Length { found: message.len(), needed: *needed });
        }
        let (of_bits, of_numbers) = message.split_at(self.split);
        match &mut self.bits {
            Part::Open(open) => open.hear(of_bits),
            Part::Folding(inner) => inner.hear(of_bits),
            _ => {}
        }
        let is_well_formed = match &mut self.numbers {
            Part::Open(open) => open.hear(of_numbers),
            Part::Folding(inner) => {
                let is_well_formed = of_numbers.iter().all(|&word| inner.field.has(word));
                if is_well_formed {
                    inner.hear(of_numbers);
                }
                is_well_formed
            }
            _ => true,
        };
        if is_well_formed { Ok(()) } else { Err(ProofError::Malformed) }
    }

    /// After the last coin: what the previous and the next node are shown.
    ///
    /// # Errors
    /// There are more messages.
    pub fn shown(&self) -> Result<[Vec<u64>; 2], ProofError> {
        let mut shown = [Vec::new(), Vec::new()];
        show(&self.bits, &mut shown)?;
        show(&self.numbers, &mut shown)?;
        Ok(shown)
    }

    /// Whether the next and the previous node proved their products, from what the other verifier of each showed: the previous node
    /// of the next one's, the next node of the previous one's.
    ///
    /// # Errors
    /// There are more messages, or these have other lengths.
    pub fn holds(&self, from_previous: &[u64], from_next: &[u64]) -> Result<[bool; 2], ProofError> {
        let needed = self.shown_words();
        for found in [from_previous.len(), from_next.len()] {
            if found != needed {
                return Err(ProofError::Length { found, needed });
            }
        }
        let bits = usize::from(!matches!(self.bits, Part::Nothing)) * SHOWN;
        let first = check(&self.bits, &from_previous[..bits], &from_next[..bits])?;
        let second = check(&self.numbers, &from_previous[bits..], &from_next[bits..])?;
        Ok([first[0] & second[0], first[1] & second[1]])
    }
}

fn claims<'a>(batches: &[Batch<'a>], projected: &'a [Projected]) -> Vec<Claims<'a>> {
    let mut claims = Vec::new();
    let mut projected = projected.iter();
    for batch in batches {
        match *batch {
            Batch::Products { ticket, inner, x, y, z_next } => {
                claims.push(Claims::Products { inner, x, y, masks: Behind::Exchanged { ticket, z_next } });
            }
            Batch::Moved(moved) if !moved.is_bits => claims.push(Claims::Moved(moved)),
            Batch::Matrices(matrices) if is_projected(&matrices) => claims.extend(projected.next().map(Projected::claims)),
            Batch::Matrices(_) | Batch::Bits(_) | Batch::Moved(_) => {}
        }
    }
    claims
}

fn is_projected(matrices: &Matrices<'_>) -> bool {
    !matrices.z_next.is_empty()
}

fn bits_of<'a>(batches: &[Batch<'a>]) -> Vec<Bits<'a>> {
    let bits = |batch: &Batch<'a>| if let Batch::Bits(bits) = batch { Some(*bits) } else { None };
    batches.iter().filter_map(bits).collect()
}

fn moved_words<'a>(batches: &[Batch<'a>]) -> Vec<Moved<'a>> {
    let moved = |batch: &Batch<'a>| if let Batch::Moved(moved) = batch { Some(*moved) } else { None };
    batches.iter().filter_map(moved).filter(|moved| moved.is_bits).collect()
}

fn numbers_length(batch: &Batch<'_>) -> usize {
    match batch {
        Batch::Bits(_) => 0,
        Batch::Moved(moved) => {
            if moved.is_bits {
                0
            } else {
                moved.len()
            }
        }
        Batch::Products { inner, z_next, .. } => inner * z_next.len(),
        Batch::Matrices(matrices) if is_projected(matrices) => matrix::projected_length(matrices),
        Batch::Matrices(_) => 0,
    }
}

fn levels(length: usize, first: usize) -> Vec<usize> {
    let mut words = inner::message_words(length);
    if !words.is_empty() {
        words.insert(0, first);
    }
    words
}

fn start<O, F: Field>(
    mut inner: Inner<F>,
    source: Option<&dyn Source>,
    streams: &Streams,
    masks: &mut Masks,
    message: &mut Vec<u64>,
) -> Part<O, F> {
    message.extend(inner.message(source, streams, masks));
    Part::Folding(inner)
}

fn go_on<O, F: Field>(
    mut inner: Inner<F>,
    points: &Coin,
    of: Use,
    source: Option<&dyn Source>,
    streams: &Streams,
    masks: &mut Masks,
    message: &mut Vec<u64>,
) -> Part<O, F> {
    if inner.fold(source, &points.words(of, inner.point_words())) {
        return Part::Folded(inner);
    }
    start(inner, None, streams, masks, message)
}

/// To the previous node what both know of the next one's claim, to the next node what both know of the previous one's.
fn show<O, F: Field>(part: &Part<O, F>, shown: &mut [Vec<u64>; 2]) -> Result<(), ProofError> {
    match part {
        Part::Nothing => Ok(()),
        Part::Folded(inner) => {
            let [x_own, y_next, x_next, y_own] = inner.columns.each_ref().map(|column| column[0]);
            shown[0].extend([x_next, y_next, inner.claims[0]]);
            shown[1].extend([x_own, y_own, inner.claims[1]]);
            Ok(())
        }
        _ => Err(ProofError::NotNext),
    }
}

fn check<O, F: Field>(part: &Part<O, F>, from_previous: &[u64], from_next: &[u64]) -> Result<[bool; 2], ProofError> {
    let inner = match part {
        Part::Nothing => return Ok([true; 2]),
        Part::Folded(inner) => inner,
        _ => return Err(ProofError::NotNext),
    };
    let field = &inner.field;
    let [x_own, y_next, x_next, y_own] = inner.columns.each_ref().map(|column| column[0]);
    let holds = |x: u64, y: u64, claim: u64, shown: &[u64]| {
        let &[their_x, their_y, their_claim] = shown else { return false };
        if !shown.iter().all(|&word| field.has(word)) {
            return false;
        }
        let products = field.add(field.multiply(x, their_y), field.multiply(their_x, y));
        products == field.add(claim, their_claim)
    };
    Ok([holds(x_next, y_next, inner.claims[0], from_previous), holds(x_own, y_own, inner.claims[1], from_next)])
}
