//! What can go wrong, and whose fault it is.

use std::fmt;

/// Why a side stopped; after an error it stays stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoleError {
    /// The parameters are out of range.
    BadParams,
    /// The instance number was used before in this setup.
    InstanceReused {
        /// The number.
        instance: u64,
    },
    /// A method was called before its turn or after an error; the caller's fault.
    OutOfOrder,
    /// A message has the wrong length; the peer's fault.
    WrongLength {
        /// Bytes the parameters ask for.
        expected: usize,
        /// Bytes received.
        found: usize,
    },
    /// A message holds what is not a canonical encoding of an element other than the identity; the peer's fault.
    BadPoint {
        /// Which one, from 0.
        index: usize,
    },
    /// A consistency check failed: the peer cheated, or the messages were damaged.
    CheckFailed,
}

impl fmt::Display for VoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadParams => write!(f, "the parameters are out of range"),
            Self::InstanceReused { instance } => write!(f, "instance {instance} was used before"),
            Self::OutOfOrder => write!(f, "this step is not next"),
            Self::WrongLength { expected, found } => write!(f, "the message has {found} bytes instead of {expected}"),
            Self::BadPoint { index } => write!(f, "element {index} of the message is no group element"),
            Self::CheckFailed => write!(f, "the correlation is not consistent"),
        }
    }
}

impl std::error::Error for VoleError {}
