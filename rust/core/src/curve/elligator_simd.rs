//! A hash a lane at once to points of Curve25519, up to clearing the cofactor, as RFC 9380 section 8.5 has it.

use super::constants::{ONE, SQRT_M1, SQRT_MINUS_A_PLUS_2};
use super::field_simd::{Loose, Tight};
use super::montgomery_simd::{Ratio, quotients};
use super::point_simd::{Extended, Factors};
use super::roots_simd::sqrt_ratio;
use super::vectorised;
use super::words_simd::LANES;

/// Uniform bytes of a hash: two numbers of 48.
pub const UNIFORM_BYTES: usize = 96;
/// J of the curve v^2 = u^3 + J u^2 + u.
const J: [u64; 5] = [486_662, 0, 0, 0, 0];
/// 2^248.
const HIGH: [u64; 5] = [0, 0, 0, 0, 1 << 40];

/// A point of the curve, u = x / z.
struct Point {
    x: Tight,
    z: Tight,
    v: Tight,
}

impl Point {
    /// The same point on the Edwards curve: x = c u / v, y = (u - 1) / (u + 1).
    #[vectorised]
    fn edwards(&self) -> Extended {
        let (x, z) = (self.x.loose(), self.z.loose());
        let factors = Factors {
            e: self.x.times(&Tight::splat(&SQRT_MINUS_A_PLUS_2)).tight(),
            f: x.plus(&z).tight(),
            g: self.z.times(&self.v).tight(),
            h: x.minus(&z).tight(),
        };
        factors.extended()
    }
}

/// hash_to_field (RFC 9380 section 5.2) of an expanded message a lane.
#[vectorised]
fn to_field(uniform: &[[u8; UNIFORM_BYTES]; LANES]) -> [Tight; 2] {
    let (mut low, mut high) = ([[[0; 32]; LANES]; 2], [[[0; 32]; LANES]; 2]);
    for (lane, bytes) in uniform.iter().enumerate() {
        for (which, number) in bytes.as_chunks::<48>().0.iter().enumerate() {
            let mut number = *number;
            number.reverse();
            low[which][lane].copy_from_slice(&number[..32]); // bit 255 is ignored below, and is the lowest of the rest
            high[which][lane][..17].copy_from_slice(&number[31..]);
            high[which][lane][0] &= 0x80;
        }
    }
    let by = Tight::splat(&HIGH);
    let mut elements = [Tight::from_bytes(&low[0]), Tight::from_bytes(&low[1])];
    for (element, high) in elements.iter_mut().zip(&high) {
        *element = Tight::from_bytes(high).times(&by).plus(&element.loose()).tight();
    }
    elements
}

/// map_to_curve_elligator2_curve25519 (RFC 9380 appendix G.2.1).
///
/// One root serves both candidates: where g(x1) is no square, `sqrt_ratio` gives the root of i g(x1), and that of
/// g(x2) = 2 t^2 g(x1) is this one times (1 - i) t, because 2 / i = (1 - i)^2.
#[vectorised]
fn map(t: &[Tight; 2]) -> [Point; 2] {
    let (one, j) = (Tight::splat(&ONE), Tight::splat(&J));
    let minus_j = Loose::zero().minus(&j.loose()).tight();
    let one_minus_i = one.loose().minus(&Tight::splat(&SQRT_M1).loose()).tight();
    let mut twice_squares = [one; 2];
    let (mut z, mut numerators, mut denominators) = ([one; 2], [one; 2], [one; 2]);
    for k in 0..2 {
        let square = t[k].squared();
        let twice = square.plus(&square);
        twice_squares[k] = twice.tight();
        z[k] = twice.plus(&one.loose()).tight();
        let z_squared = z[k].squared();
        denominators[k] = z[k].times(&z_squared.tight()).tight();
        let inner = j.times(&twice_squares[k]).tight().times(&minus_j).plus(&z_squared).tight();
        numerators[k] = inner.times(&minus_j).tight();
    }
    let (squares, roots) = sqrt_ratio(&numerators, &denominators);
    let point = |k: usize| {
        let x = minus_j.times(&twice_squares[k]).tight().blend(squares[k], &minus_j);
        let second = roots[k].times(&t[k]).tight().times(&one_minus_i).tight().absolute();
        let v = second.blend(squares[k], &roots[k].negated_where(squares[k])); // odd for the first, even for the second
        Point { x, z: z[k], v }
    };
    [point(0), point(1)]
}

/// The sum's u; the two points are neither equal nor opposite, or it is given as zero.
#[vectorised]
fn sum([left, right]: &[Point; 2]) -> Ratio {
    let z = left.z.times(&right.z).tight();
    let (a, b) = (left.x.times(&right.z), right.x.times(&left.z));
    let run_squared = b.minus(&a).tight().squared().tight();
    let rise = right.v.loose().minus(&left.v.loose()).tight();
    let cubed = z.times(&z.squared().tight()).tight();
    let all = rise.squared().tight().times(&cubed);
    let taken = Tight::splat(&J).times(&z).plus(&a).plus(&b).tight().times(&run_squared);
    Ratio { x: all.minus(&taken), z: run_squared.times(&z) }
}

/// The u of a point for each expanded message, with one inversion for all.
#[vectorised]
pub fn from_uniform(groups: &[[[u8; UNIFORM_BYTES]; LANES]]) -> Vec<Tight> {
    let sums: Vec<Ratio> = groups.iter().map(|uniform| sum(&map(&to_field(uniform)))).collect();
    quotients(&sums)
}

/// A point of the Edwards curve for each expanded message, the cofactor cleared. Its z is zero only where a map hits RFC
/// 9380's exceptional case, with 2^-252 a message, which nobody can look for; whoever inverts a batch need not expect it.
#[vectorised]
pub fn edwards_from_uniform(uniform: &[[u8; UNIFORM_BYTES]; LANES]) -> Extended {
    let [left, right] = map(&to_field(uniform));
    left.edwards().plus(&right.edwards()).doubled(3)
}
