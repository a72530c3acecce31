//! Oblivious key-value stores: n keys and a value for each, in a vector of about 1.3 n values that shows nothing of the keys.
//!
//! A key's *row* has ones in WEIGHT sparse columns and the powers of one field element in a few dense ones; decoding is the
//! row times the store, so it is linear, and works on sums and multiples of stores as on the store itself. Encoding solves the
//! system of all rows: peel columns that one row alone uses, back-substitute; what cannot be peeled, the gap, is solved by the dense
//! columns. Raghuraman and Rindal, ePrint 2022/320, Figure 1 with field-valued dense columns (section 2) and separate clusters
//! (section 3); [`shape`] has sizes and failure bounds, `specs/reference/okvs.py` is the same in slow and short.
//!
//! **Failure.** A set does not fit with probability at most 2^-40 (or as the caller asks), over the seed of the rows. The seed must
//! be drawn once the keys are fixed; no other is tried after a failure, because a second try would tell a peer something of the
//! keys. [`Unencodable`] ends the job.
//!
//! **Timing.** Encoding and decoding take time and touch memory depending on keys and seed, which the encoding party knows and nobody
//! else observes; whoever measures a node from outside sees the total. Values are moved and multiplied without branches on them.

mod decode;
mod encode;
mod peel;
mod rows;
pub mod shape;
mod value;

pub use decode::{decode, decode_part};
pub use encode::{Filler, Unencodable, encode};
pub use rows::{KEY_BYTES, Key, ROW_SEED_BYTES, Rows};
pub use shape::Shape;
pub use value::{Scalar, Value};
