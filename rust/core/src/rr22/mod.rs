//! RR22: private set intersection from vector oblivious linear evaluation and an oblivious key-value store.
//!
//! Raghuraman and Rindal, "Blazing Fast PSI from Improved OKVS and Subfield VOLE", CCS 2022, ePrint 2022/320, Figure 11; against
//! malicious parties the oblivious pseudorandom function of Rindal and Schoppmann, "VOLE-PSI", EUROCRYPT 2021, ePrint 2021/266,
//! with the same store. [`oprf`] is that function: one side gets F(x) for its keys, the other can compute F everywhere.
//! [`psi`] compares values of F. Neither does I/O; `specs/psi-rr22.md` has the messages.

mod hashes;
#[cfg(target_arch = "x86_64")]
mod keyed_simd;
pub mod oprf;
pub mod psi;
