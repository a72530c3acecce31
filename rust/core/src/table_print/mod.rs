//! The fingerprint of a table in one pass over its cells; specs/fingerprint.md says what it is, this says how.
//!
//! ```text
//! chunk --walk--> cells --canonical--> kinds, values' MinHash and count   (by column)
//!                             '--sorted--> a message a row --SHA-256--> row digests
//!                                                         row digests --> MinHash, sketch, sample
//!                                                                   '--> records --sort--> runs --merge--> two Merkle roots
//! ```
//!
//! Nothing grows with the rows but what is handed out as runs.

mod cell;
mod column;
mod distinct;
mod file;
mod merkle;
mod moment;
mod number;
mod pass;
mod row;
mod runs;
mod sample;
mod signature;
mod sketch;
mod table;

pub use cell::{Kind, canonical_name, push_canonical};
pub use column::ColumnPrint;
pub use file::FileDigests;
pub use pass::Finished;
pub use runs::{RECORD_BYTES, ROW_BYTES, RowTrees, Run, SPANS};
pub use sample::Sample;
pub use signature::{BANDS, Signature, TAG_BYTES, VALUES};
pub use sketch::Sketch;
pub use table::{BadColumns, Printer, TooManyRows};
