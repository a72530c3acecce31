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
pub fn elgamal_public_key<'py>(py: Python<'py>, key: &SecretScalars) -> PyResult<Bound<'py, PyBytes>> {
    single(key)?;
    Ok(PyBytes::new(py, &elgamal::public_key(&key.0)))
}

#[pyfunction]
#[pyo3(signature = (numbers, key, randomness, threads=0))]
pub fn elgamal_encrypt<'py>(
    py: Python<'py>,
    numbers: PyBackedBytes,
    key: &SecretScalars,
    randomness: &SecretScalars,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    single(key)?;
    as_many(numbers.len(), 8, randomness.0.len())?;
    let numbers: Vec<i64> = numbers.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    let (key, randomness) = (&key.0, &randomness.0);
    let ciphertexts = py.detach(|| elgamal::encrypt(Kernel::best(), &numbers, key, randomness, self::threads(threads)));
    Ok(PyBytes::new(py, &ciphertexts))
}

#[pyfunction]
pub fn elgamal_zero(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &elgamal::zero())
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
    as_many(total.len(), elgamal::CIPHERTEXT_BYTES, 1)?;
    whole(ciphertexts.len(), elgamal::CIPHERTEXT_BYTES, elgamal::CIPHERTEXT_BYTES..=elgamal::CIPHERTEXT_BYTES)?;
    whole(places.len(), 4, 4..=4)?;
    let places: Vec<u32> = places.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    if places.iter().any(|place| *place as usize >= ciphertexts.len() / elgamal::CIPHERTEXT_BYTES) {
        return Err(PyValueError::new_err("a place past the last ciphertext"));
    }
    let sum = py.detach(|| elgamal::add_up(total, &ciphertexts, &places, self::threads(threads)));
    Ok(PyBytes::new(py, &sum.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
pub fn elgamal_blind<'py>(py: Python<'py>, total: &[u8], randomness: &SecretScalars) -> PyResult<Bound<'py, PyBytes>> {
    as_many(total.len(), elgamal::CIPHERTEXT_BYTES, 1)?;
    single(randomness)?;
    Ok(PyBytes::new(py, &elgamal::blind(total, &randomness.0)))
}

#[pyfunction]
pub fn elgamal_decryption_share<'py>(py: Python<'py>, blinded: &[u8], key: &SecretScalars) -> PyResult<Bound<'py, PyBytes>> {
    single(key)?;
    let share = elgamal::decryption_share(element(blinded)?, &key.0);
    Ok(PyBytes::new(py, &share.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
#[pyo3(signature = (total, public, share, randomness, bound, threads=0))]
pub fn elgamal_open(
    py: Python<'_>,
    total: PyBackedBytes,
    public: &[u8],
    share: &[u8],
    randomness: &SecretScalars,
    bound: u64,
    threads: usize,
) -> PyResult<Option<i64>> {
    as_many(total.len(), elgamal::CIPHERTEXT_BYTES, 1)?;
    let (public, share) = (element(public)?, element(share)?);
    single(randomness)?;
    if bound > elgamal::MAX_BOUND {
        return Err(PyValueError::new_err("sums are searched for up to 2^47"));
    }
    let (randomness, threads) = (&randomness.0, self::threads(threads));
    let sum: Result<_, BadPoint> =
        py.detach(|| elgamal::open(Kernel::best(), &total, public, share, randomness, bound, threads));
    sum.map_err(|error| errors::bad_point(py, error))
}

fn element(bytes: &[u8]) -> PyResult<&[u8; POINT_BYTES]> {
    bytes.try_into().map_err(|_| PyValueError::new_err("an element has 32 bytes"))
}

fn single(scalars: &SecretScalars) -> PyResult<()> {
    as_many(1, 1, scalars.0.len())
}
