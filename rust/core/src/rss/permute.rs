//! Rows in another order.

use super::spare::{NoMemory, with_room};
use super::streams::{Side, Streams};

/// The numbers 0 to `length` - 1 in a uniform order that a ticket of one stream gives.
///
/// Fisher and Yates from the last place down: place i changes with a uniform j <= i. A draw is the high word of the 64-bit product
/// of i + 1 and a 32-bit half of the stream, low half first, thrown away if the low word is below 2^32 mod (i + 1), so that no
/// place is favoured (Lemire, ACM TOMACS 2019). Memory is touched in an order that depends on the stream.
///
/// # Errors
/// There is no memory for them.
pub fn permutation(streams: &Streams, side: Side, ticket: u64, length: u32) -> Result<Vec<u32>, NoMemory> {
    let mut draws = Draws { streams, side, ticket, at: 0, words: [0; DRAWN], used: 2 * DRAWN };
    let mut places = with_room(length as usize)?;
    places.extend(0..length);
    for i in (1..length).rev() {
        let j = draws.up_to(i);
        places.swap(i as usize, j as usize);
    }
    Ok(places)
}

/// Words drawn at a time.
const DRAWN: usize = 512;

struct Draws<'a> {
    streams: &'a Streams,
    side: Side,
    ticket: u64,
    at: u64,
    words: [u64; DRAWN],
    /// Halves of them that are used.
    used: usize,
}

impl Draws<'_> {
    fn half(&mut self) -> u32 {
        if self.used == 2 * DRAWN {
            self.streams.fill(self.side, self.ticket, self.at, &mut self.words);
            self.at += DRAWN as u64;
            self.used = 0;
        }
        let word = self.words[self.used / 2];
        let half = if self.used.is_multiple_of(2) { word } else { word >> 32 };
        self.used += 1;
        half as u32
    }

    fn up_to(&mut self, most: u32) -> u32 {
        let bound = u64::from(most) + 1;
        let mut product = u64::from(self.half()) * bound;
        if (product as u32 as u64) < bound {
            let refused = (1_u64 << 32) % bound;
            while u64::from(product as u32) < refused {
                product = u64::from(self.half()) * bound;
            }
        }
        (product >> 32) as u32
    }
}

impl Drop for Draws<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.words[..]);
    }
}

/// `to[i] = from[order[i]]`; the first place of `order` beyond the column, if there is one.
///
/// # Errors
/// A place beyond the column.
///
/// # Panics
/// Unless `to` is as long as `order`.
pub fn permute(from: &[u64], order: &[u32], to: &mut [u64]) -> Result<(), usize> {
    assert_eq!(to.len(), order.len());
    for (at, (to, &place)) in to.iter_mut().zip(order).enumerate() {
        *to = *from.get(place as usize).ok_or(at)?;
    }
    Ok(())
}

/// The order that undoes `order`; `None` unless it is a permutation.
///
/// # Errors
/// There is no memory for it.
pub fn invert(order: &[u32]) -> Result<Option<Vec<u32>>, NoMemory> {
    let mut inverse = with_room(order.len())?;
    inverse.resize(order.len(), u32::MAX);
    for (at, &place) in order.iter().enumerate() {
        let Some(slot) = inverse.get_mut(place as usize).filter(|slot| **slot == u32::MAX) else { return Ok(None) };
        *slot = at as u32;
    }
    Ok(Some(inverse))
}
