//! Payloads under group elements, and numbers that others add up.

use atoll_core::curve::{BadPoint, Kernel};
use atoll_core::group::POINT_BYTES;
use atoll_core::{elgamal, payload};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::curve::{threads, whole};
use crate::errors;
use crate::oprf::{SecretScalars, as_many};

#[pyfunction]
#[pyo3(signature = (elements, prefix, threads=0))]
pub fn payload_tags<'py>(
    py: Python<'py>,
    elements: PyBackedBytes,
    prefix: &[u8],
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(elements.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    let tags = py.detach(|| payload::tags(&elements, prefix, self::threads(threads)));
    Ok(PyBytes::new(py, &tags))
}

#[pyfunction]
#[pyo3(signature = (elements, prefix, payloads, payload_bytes, threads=0))]
pub fn payload_seal<'py>(
    py: Python<'py>,
    elements: PyBackedBytes,
    prefix: &[u8],
    payloads: PyBackedBytes,
    payload_bytes: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(elements.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    as_many(payloads.len(), payload_bytes, elements.len() / POINT_BYTES)?;
    let records = py.detach(|| payload::seal(&elements, prefix, &payloads, payload_bytes, self::threads(threads)));
    Ok(PyBytes::new(py, &records))
}

#[pyfunction]
#[pyo3(signature = (elements, prefix, sealed, payload_bytes, threads=0))]
pub fn payload_open<'py>(
    py: Python<'py>,
    elements: PyBackedBytes,
    prefix: &[u8],
    sealed: PyBackedBytes,
    payload_bytes: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(elements.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    as_many(sealed.len(), payload_bytes + payload::SEAL_BYTES, elements.len() / POINT_BYTES)?;
    let opened = py.detach(|| payload::open(&elements, prefix, &sealed, payload_bytes, self::threads(threads)));
    Ok(PyBytes::new(py, &opened))
}

#[pyfunction]
pub fn elgamal_public_keys<'py>(py: Python<'py>, keys: &SecretScalars) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &elgamal::public_keys(&keys.0))
}

#[pyfunction]
#[pyo3(signature = (numbers, keys, randomness, threads=0))]
pub fn elgamal_encrypt<'py>(
    py: Python<'py>,
    numbers: PyBackedBytes,
    keys: &SecretScalars,
    randomness: &SecretScalars,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    as_many(numbers.len(), 8, randomness.0.len())?;
    let numbers: Vec<u64> = numbers.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
    let (keys, randomness) = (&keys.0, &randomness.0);
    let limbs = limbs(keys.len())?;
    if limbs < elgamal::MAX_LIMBS && numbers.iter().any(|number| number >> (elgamal::LIMB_BITS * limbs) != 0) {
        return Err(PyValueError::new_err("a number has more bits than the limbs"));
    }
    let ciphertexts = py.detach(|| elgamal::encrypt(Kernel::best(), &numbers, keys, randomness, self::threads(threads)));
    Ok(PyBytes::new(py, &ciphertexts))
}

#[pyfunction]
pub fn elgamal_zero(py: Python<'_>, limbs: usize) -> PyResult<Bound<'_, PyBytes>> {
    Ok(PyBytes::new(py, &elgamal::zero(self::limbs(limbs)?)))
}

#[pyfunction]
#[pyo3(signature = (total, ciphertexts, places, threads=0))]
pub fn elgamal_add_up<'py>(
    py: Python<'py>,
    total: &[u8],
    ciphertexts: PyBackedBytes,
    places: PyBackedBytes,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    limbs((total.len() / POINT_BYTES).saturating_sub(1))?;
    whole(ciphertexts.len(), total.len(), 2 * POINT_BYTES..=total.len())?;
    whole(places.len(), 4, 4..=4)?;
    let places: Vec<u32> = places.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    if places.iter().any(|place| *place as usize >= ciphertexts.len() / total.len()) {
        return Err(PyValueError::new_err("a place past the last ciphertext"));
    }
    let sum = py.detach(|| elgamal::add_up(total, &ciphertexts, &places, self::threads(threads)));
    Ok(PyBytes::new(py, &sum.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
pub fn elgamal_refresh<'py>(
    py: Python<'py>,
    total: &[u8],
    publics: &[u8],
    randomness: &SecretScalars,
) -> PyResult<Bound<'py, PyBytes>> {
    as_many(total.len(), POINT_BYTES, publics.len() / POINT_BYTES + 1)?;
    as_many(1, 1, randomness.0.len())?;
    let fresh = elgamal::refresh(total, publics, &randomness.0);
    Ok(PyBytes::new(py, &fresh.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
pub fn elgamal_decrypt(
    py: Python<'_>,
    ciphertext: PyBackedBytes,
    keys: &SecretScalars,
    bound: u64,
) -> PyResult<Option<Vec<u64>>> {
    as_many(ciphertext.len(), POINT_BYTES, keys.0.len() + 1)?;
    if bound > elgamal::MAX_BOUND {
        return Err(PyValueError::new_err("sums of limbs are below 2^48"));
    }
    let keys = &keys.0;
    let sums: Result<_, BadPoint> = py.detach(|| elgamal::decrypt(&ciphertext, keys, bound));
    sums.map_err(|error| errors::bad_point(py, error))
}

fn limbs(count: usize) -> PyResult<usize> {
    if !(1..=elgamal::MAX_LIMBS).contains(&count) {
        return Err(PyValueError::new_err("a number has 1 to 4 limbs"));
    }
    Ok(count)
}
