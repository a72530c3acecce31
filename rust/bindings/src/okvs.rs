//! Oblivious key-value stores as packed lists.

use atoll_core::gf128::Gf128;
use atoll_core::okvs::{self, Filler, KEY_BYTES, Key, ROW_SEED_BYTES, Rows, Shape};
use atoll_core::parallel::available_threads;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::errors;

pub fn keys_of(digests: &[u8]) -> PyResult<&[Key]> {
    let (keys, rest) = digests.as_chunks::<KEY_BYTES>();
    if rest.is_empty() { Ok(keys) } else { Err(PyValueError::new_err("digests have 16 bytes")) }
}

pub fn threads(asked: usize) -> usize {
    if asked == 0 { available_threads() } else { asked }
}

fn shape(keys: usize, value_bytes: usize, failure_bits: u32) -> PyResult<Shape> {
    if keys > okvs::shape::MOST_KEYS || !(1..=128).contains(&failure_bits) || !(value_bytes == 8 || value_bytes == 16) {
        return Err(PyValueError::new_err("a store has at most 2^30 keys, values of 8 or 16 bytes, and 1 to 128 failure bits"));
    }
    Ok(Shape::clustered(keys, failure_bits))
}

#[pyfunction]
#[pyo3(signature = (keys, value_bytes, failure_bits=40))]
pub fn okvs_bytes(keys: usize, value_bytes: usize, failure_bits: u32) -> PyResult<usize> {
    Ok(shape(keys, value_bytes, failure_bits)?.len() * value_bytes)
}

#[pyfunction]
#[pyo3(signature = (digests, values, keys, row_seed, filler_seed, value_bytes, failure_bits=40, threads=0))]
#[allow(clippy::too_many_arguments)] // named in Python
pub fn okvs_encode<'py>(
    py: Python<'py>,
    digests: PyBackedBytes,
    values: PyBackedBytes,
    keys: usize,
    row_seed: [u8; ROW_SEED_BYTES],
    filler_seed: [u8; 32],
    value_bytes: usize,
    failure_bits: u32,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let rows = Rows::new(&row_seed, shape(keys, value_bytes, failure_bits)?);
    let digests = keys_of(&digests)?;
    if values.len() != digests.len() * value_bytes {
        return Err(PyValueError::new_err("each digest has a value"));
    }
    let (filler, threads) = (Filler::Uniform(&filler_seed), self::threads(threads));
    let store = py.detach(|| {
        if value_bytes == 16 {
            let values = values.as_chunks::<16>().0;
            let values_of =
                |_: &[Key], places: &[u32]| places.iter().map(|&at| Gf128::from_bytes(values[at as usize])).collect();
            let store = okvs::encode::<Gf128, Gf128>(&rows, digests, values_of, filler, Gf128::from_bits, threads)?;
            Ok(store.iter().flat_map(|value| value.to_bytes()).collect::<Vec<u8>>())
        } else {
            let values = values.as_chunks::<8>().0;
            let values_of =
                |_: &[Key], places: &[u32]| places.iter().map(|&at| u64::from_le_bytes(values[at as usize])).collect();
            let store = okvs::encode::<u64, u64>(&rows, digests, values_of, filler, |bits| bits as u64, threads)?;
            Ok(store.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
    });
    Ok(PyBytes::new(py, &store.map_err(|okvs::Unencodable| errors::unencodable(py))?))
}

#[pyfunction]
#[pyo3(signature = (digests, store, keys, row_seed, value_bytes, failure_bits=40, threads=0))]
#[allow(clippy::too_many_arguments)] // named in Python
pub fn okvs_decode<'py>(
    py: Python<'py>,
    digests: PyBackedBytes,
    store: PyBackedBytes,
    keys: usize,
    row_seed: [u8; ROW_SEED_BYTES],
    value_bytes: usize,
    failure_bits: u32,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let shape = shape(keys, value_bytes, failure_bits)?;
    let rows = Rows::new(&row_seed, shape);
    let digests = keys_of(&digests)?;
    if store.len() != shape.len() * value_bytes {
        return Err(PyValueError::new_err(format!("{} bytes given, {} needed", store.len(), shape.len() * value_bytes)));
    }
    let threads = self::threads(threads);
    let values: Vec<u8> = py.detach(|| {
        if value_bytes == 16 {
            let store: Vec<_> = store.as_chunks().0.iter().map(|value| Gf128::from_bytes(*value)).collect();
            okvs::decode::<Gf128, Gf128>(&rows, &store, digests, threads).iter().flat_map(|value| value.to_bytes()).collect()
        } else {
            let store: Vec<_> = store.as_chunks().0.iter().map(|value| u64::from_le_bytes(*value)).collect();
            okvs::decode::<u64, u64>(&rows, &store, digests, threads).iter().flat_map(|value| value.to_le_bytes()).collect()
        }
    });
    Ok(PyBytes::new(py, &values))
}
