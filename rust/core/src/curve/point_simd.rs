//! A point of the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 a lane at once, and all of them times one secret.
//!
//! Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited" (Asiacrypt 2008), complete for this curve. A sum or
//! a double comes as four factors ([`Factors`]), and what is needed next decides which of their products are made.

use super::constants::{ONE, TWICE_D};
use super::digits::{Choice, DIGITS, TABLE};
use super::field_simd::{LaneMask, Tight};
use super::vectorised;

/// x = X/Z, y = Y/Z, T = XY/Z.
#[derive(Clone, Copy)]
pub struct Extended {
    /// X.
    pub x: Tight,
    /// Y.
    pub y: Tight,
    /// Z.
    pub z: Tight,
    /// T.
    pub t: Tight,
}

/// A point to be doubled: T is not needed.
#[derive(Clone, Copy)]
struct Projective {
    x: Tight,
    y: Tight,
    z: Tight,
}

/// The left side of a sum: Y + X, Y - X, Z, T.
#[derive(Clone, Copy)]
pub struct Left {
    sum: Tight,
    difference: Tight,
    z: Tight,
    t: Tight,
}

/// The right side of a sum: Y + X, Y - X, 2 Z, 2 d T.
#[derive(Clone, Copy)]
struct Right {
    sum: Tight,
    difference: Tight,
    twice_z: Tight,
    twice_dt: Tight,
}

/// The right side of a sum where Z is one: y + x, y - x, 2 d x y.
#[derive(Clone, Copy)]
pub struct Affine {
    /// y + x.
    pub sum: Tight,
    /// y - x.
    pub difference: Tight,
    /// 2 d x y.
    pub twice_dt: Tight,
}

/// X = E F, Y = G H, Z = F G, T = E H.
pub struct Factors {
    /// x = E / G.
    pub e: Tight,
    /// y = H / F.
    pub f: Tight,
    /// See E.
    pub g: Tight,
    /// See F.
    pub h: Tight,
}

impl Factors {
    #[inline]
    #[vectorised]
    fn projective(&self) -> Projective {
        Projective { x: self.e.times(&self.f).tight(), y: self.g.times(&self.h).tight(), z: self.f.times(&self.g).tight() }
    }

    /// All four products.
    #[inline]
    #[vectorised]
    pub fn extended(&self) -> Extended {
        let Projective { x, y, z } = self.projective();
        Extended { x, y, z, t: self.e.times(&self.h).tight() }
    }

    /// For a sum that comes next.
    #[inline]
    #[vectorised]
    pub fn left(&self) -> Left {
        let (x, y) = (self.e.times(&self.f), self.g.times(&self.h));
        Left {
            sum: y.plus(&x).tight(),
            difference: y.minus(&x).tight(),
            z: self.f.times(&self.g).tight(),
            t: self.e.times(&self.h).tight(),
        }
    }
}

impl Projective {
    /// 3 squarings and 1 multiplication.
    #[inline]
    #[vectorised]
    fn doubled(&self) -> Factors {
        let (xx, yy, zz, xy) = (self.x.squared(), self.y.squared(), self.z.squared(), self.x.times(&self.y));
        let g = yy.less(&xx);
        Factors {
            e: xy.plus(&xy).tight(),
            f: zz.plus(&zz).minus(&g).tight(), // F and H of the paper with the other sign: so has the whole point, which is the same
            g: g.positive().tight(),
            h: xx.plus(&yy).tight(),
        }
    }

    /// 16 times the point, and the table's entry for `digit`.
    #[inline]
    #[vectorised]
    fn stepped(self, table: &[Right; TABLE], digit: impl Choice) -> Factors {
        let mut running = self;
        for _ in 0..3 {
            running = running.doubled().projective();
        }
        running.doubled().left().plus(&select(table, digit), digit.is_negative())
    }
}

impl Left {
    /// 4 multiplications. The right side is negated where `negate` has a bit, its first two parts being exchanged already.
    #[inline]
    #[vectorised]
    fn plus(&self, right: &Right, negate: LaneMask) -> Factors {
        let high = self.sum.times(&right.sum);
        let low = self.difference.times(&right.difference);
        let zz = self.z.times(&right.twice_z);
        let tt = self.t.times(&right.twice_dt);
        let (f, g) = (zz.minus(&tt).tight(), zz.plus(&tt).tight());
        Factors { e: high.minus(&low).tight(), f: f.blend(negate, &g), g: g.blend(negate, &f), h: high.plus(&low).tight() }
    }

    /// 3 multiplications. The right side is negated where `negate` has a bit, its first two parts being exchanged already.
    #[inline]
    #[vectorised]
    pub fn plus_affine(&self, right: &Affine, negate: LaneMask) -> Factors {
        let high = self.sum.times(&right.sum);
        let low = self.difference.times(&right.difference);
        let (z, tt) = (self.z.loose(), self.t.times(&right.twice_dt));
        let zz = z.plus(&z);
        let (f, g) = (zz.minus(&tt).tight(), zz.plus(&tt).tight());
        Factors { e: high.minus(&low).tight(), f: f.blend(negate, &g), g: g.blend(negate, &f), h: high.plus(&low).tight() }
    }
}

impl Extended {
    #[inline]
    #[vectorised]
    fn projective(&self) -> Projective {
        Projective { x: self.x, y: self.y, z: self.z }
    }

    /// For a sum that comes next.
    #[inline]
    #[vectorised]
    pub fn left(&self) -> Left {
        let (x, y) = (self.x.loose(), self.y.loose());
        Left { sum: y.plus(&x).tight(), difference: y.minus(&x).tight(), z: self.z, t: self.t }
    }

    #[inline]
    #[vectorised]
    fn right(&self) -> Right {
        let (x, y, z) = (self.x.loose(), self.y.loose(), self.z.loose());
        Right {
            sum: y.plus(&x).tight(),
            difference: y.minus(&x).tight(),
            twice_z: z.plus(&z).tight(),
            twice_dt: self.t.times(&Tight::splat(&TWICE_D)).tight(),
        }
    }

    /// The neutral element in all lanes.
    #[vectorised]
    pub fn neutral() -> Self {
        let (zero, one) = (Tight::splat(&[0; 5]), Tight::splat(&ONE));
        Self { x: zero, y: one, z: one, t: zero }
    }

    /// The sums, lane by lane.
    #[vectorised]
    pub fn plus(&self, other: &Self) -> Self {
        self.left().plus(&other.right(), 0).extended()
    }

    /// The points times 2^`doublings`, of which there is at least one.
    #[vectorised]
    pub fn doubled(&self, doublings: usize) -> Self {
        let mut running = self.projective();
        for _ in 1..doublings {
            running = running.doubled().projective();
        }
        running.doubled().extended()
    }

    /// The points times one secret, or each times its own, given by their digits.
    ///
    /// A table of the odd multiples 1, 3, ..., 15 of each point, then for each digit four doublings and one addition. Every entry
    /// of the table is read for a digit, so neither time nor addresses tell it.
    #[vectorised]
    pub fn times<C: Choice>(&self, digits: &[C; DIGITS]) -> Self {
        let table = self.odd_multiples();
        let (last, rest) = digits.split_last().expect("there are digits");
        let (lowest, between) = rest.split_first().expect("there are more digits");
        let mut running = first(&select(&table, *last));
        for digit in between.iter().rev() {
            running = running.stepped(&table, *digit).projective();
        }
        running.stepped(&table, *lowest).extended()
    }

    #[vectorised]
    fn odd_multiples(&self) -> [Right; TABLE] {
        let twice = self.projective().doubled().left();
        let mut table = [self.right(); TABLE];
        for at in 1..TABLE {
            table[at] = twice.plus(&table[at - 1], 0).extended().right();
        }
        table
    }
}

/// The entry for `digit` without its sign, except that the first two parts are exchanged where it is negative.
#[inline]
#[vectorised]
fn select(table: &[Right; TABLE], digit: impl Choice) -> Right {
    let mut out = table[0];
    for (entry, mask) in table[1..].iter().zip(digit.is_entry()) {
        out.sum = out.sum.blend(mask, &entry.sum);
        out.difference = out.difference.blend(mask, &entry.difference);
        out.twice_z = out.twice_z.blend(mask, &entry.twice_z);
        out.twice_dt = out.twice_dt.blend(mask, &entry.twice_dt);
    }
    let negative = digit.is_negative();
    let sum = out.sum.blend(negative, &out.difference);
    Right { difference: out.difference.blend(negative, &out.sum), sum, ..out }
}

/// A positive entry of the table as a point, all coordinates doubled.
#[inline]
#[vectorised]
fn first(entry: &Right) -> Projective {
    let (sum, difference) = (entry.sum.loose(), entry.difference.loose());
    Projective { x: sum.minus(&difference).tight(), y: sum.plus(&difference).tight(), z: entry.twice_z }
}
