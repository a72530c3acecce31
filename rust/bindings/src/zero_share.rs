//! Shares of zero.

use atoll_core::parallel::available_threads;
use atoll_core::zero_share::{self, DIGEST_BYTES, KEY_BYTES};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

#[pyfunction]
#[pyo3(signature = (digests, keys, share_bytes, threads=0))]
pub fn zero_shares<'py>(
    py: Python<'py>,
    digests: PyBackedBytes,
    keys: Vec<[u8; KEY_BYTES]>,
    share_bytes: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let (blocks, rest) = digests.as_chunks::<DIGEST_BYTES>();
    if !rest.is_empty() || !(1..=DIGEST_BYTES).contains(&share_bytes) {
        return Err(PyValueError::new_err("digests have 16 bytes, shares 1 to 16"));
    }
    let threads = if threads == 0 { available_threads() } else { threads };
    let shares = py.detach(|| zero_share::zero_shares(blocks, &keys, share_bytes, threads));
    Ok(PyBytes::new(py, &shares))
}
