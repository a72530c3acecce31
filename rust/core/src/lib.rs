//! Atoll's kernels: what must be fast, and what reads bytes that a stranger chose.
//!
//! Pure functions without I/O, clock or global state; randomness comes in as an argument, except where a maintained crate draws
//! a fresh HPKE encapsulation from the operating system. Nothing here knows Python: `rust/bindings` is the face.
//!
//! Unsafe code stands only in the vector kernels (`simd` modules), where an instruction needs a processor that was asked for it.
#![deny(unsafe_code)]

pub mod cbor;
pub mod csv;
pub mod curve;
pub mod ed25519;
pub mod ed25519_zip215;
pub mod elgamal;
pub mod fixed_key;
pub mod gf128;
pub mod group;
pub mod hash;
pub mod hpke;
pub mod keys;
pub mod okvs;
pub mod oprf;
pub mod ot;
pub mod parallel;
pub mod payload;
mod prefetch;
pub mod psi;
pub mod ranking;
pub mod rr22;
pub mod rss;
pub mod scalars;
mod sha256;
pub mod sharing;
pub mod shuffle;
pub mod slots;
pub mod state_tree;
pub mod table_print;
pub mod tag_set;
pub mod tags;
pub mod vole;
pub mod zero_share;
