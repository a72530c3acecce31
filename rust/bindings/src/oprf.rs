//! Scalars by the list, and the oblivious pseudorandom functions of RFC 9497.

use atoll_core::curve::{BadPoint, Kernel};
use atoll_core::group::{POINT_BYTES, parse_point};
use atoll_core::oprf::{self, Mode};
use atoll_core::scalars;
use curve25519_dalek::RistrettoPoint;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::curve::{SecretScalar, check_items, exactly, threads, whole};
use crate::errors;

/// Secret exponents; see `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct SecretScalars(pub(crate) scalars::SecretScalars);

#[pymethods]
impl SecretScalars {
    #[staticmethod]
    fn derive(py: Python<'_>, seed: &[u8], first: u32, count: u32) -> PyResult<Self> {
        let seed = exactly::<{ scalars::SEED_BYTES }>(seed)?;
        let drawn = py.detach(|| scalars::SecretScalars::derive(&seed, first, count));
        drawn.map(Self).ok_or_else(|| PyValueError::new_err("a seed gives 2^32 scalars"))
    }

    #[staticmethod]
    fn from_canonical(py: Python<'_>, packed: &[u8]) -> PyResult<Self> {
        scalars::SecretScalars::from_canonical(packed).map(Self).ok_or_else(|| errors::bad_scalar(py))
    }

    fn inverses(&self, py: Python<'_>) -> Self {
        Self(py.detach(|| self.0.inverses()))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("SecretScalars({} of them)", self.0.len())
    }
}

#[pyfunction]
#[pyo3(signature = (points, scalars, threads=0))]
pub fn multiply_each<'py>(
    py: Python<'py>,
    points: PyBackedBytes,
    scalars: &SecretScalars,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    as_many(points.len(), POINT_BYTES, scalars.0.len())?;
    let scalars = &scalars.0;
    let products = py.detach(|| scalars::multiply_each(Kernel::best(), &points, scalars, self::threads(threads)));
    Ok(PyBytes::new(py, &products.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
#[pyo3(signature = (items, item_bytes, scalars, dst, threads=0))]
pub fn blind_each<'py>(
    py: Python<'py>,
    items: PyBackedBytes,
    item_bytes: usize,
    scalars: &SecretScalars,
    dst: &[u8],
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    check_items(&items, item_bytes, dst)?;
    as_many(items.len(), item_bytes, scalars.0.len())?;
    let scalars = &scalars.0;
    let blinded = py.detach(|| scalars::blind_each(Kernel::best(), &items, item_bytes, scalars, dst, self::threads(threads)));
    Ok(PyBytes::new(py, &blinded))
}

#[pyfunction]
pub fn oprf_derive_secret(mode: u8, seed: &[u8], info: &[u8]) -> PyResult<SecretScalar> {
    let seed = exactly::<32>(seed)?;
    self::mode(mode)?.derive_secret(&seed, info).map(SecretScalar).ok_or_else(too_long)
}

#[pyfunction]
pub fn oprf_tweak_public<'py>(py: Python<'py>, public: &[u8], info: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let tweak = Mode::Poprf.tweak(info).ok_or_else(too_long)?;
    let tweaked = oprf::tweaked_public(&point(py, public)?, &tweak).ok_or_else(|| errors::bad_scalar(py))?;
    Ok(PyBytes::new(py, tweaked.compress().as_bytes()))
}

#[pyfunction]
pub fn oprf_tweak_secret(py: Python<'_>, secret: &SecretScalar, info: &[u8]) -> PyResult<(SecretScalar, SecretScalar)> {
    let tweak = Mode::Poprf.tweak(info).ok_or_else(too_long)?;
    let tweaked = oprf::tweaked_secret(&secret.0, &tweak).ok_or_else(|| errors::bad_scalar(py))?;
    Ok((SecretScalar(tweaked.0), SecretScalar(tweaked.1)))
}

#[pyfunction]
pub fn oprf_prove<'py>(
    py: Python<'py>,
    mode: u8,
    secret: &SecretScalar,
    before: PyBackedBytes,
    after: PyBackedBytes,
    nonce: &SecretScalar,
) -> PyResult<Bound<'py, PyBytes>> {
    let (mode, secret, nonce) = (self::mode(mode)?, &secret.0, &nonce.0);
    batch(&before, &after)?;
    let proof = py.detach(|| mode.prove(secret, &before, &after, nonce));
    Ok(PyBytes::new(py, &proof.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
pub fn oprf_is_proof(
    py: Python<'_>,
    mode: u8,
    public: &[u8],
    before: PyBackedBytes,
    after: PyBackedBytes,
    proof: &[u8],
) -> PyResult<bool> {
    let (mode, public) = (self::mode(mode)?, point(py, public)?);
    batch(&before, &after)?;
    py.detach(|| mode.is_proof(&public, &before, &after, proof)).map_err(|error| errors::bad_point(py, error))
}

#[pyfunction]
#[pyo3(signature = (inputs, input_bytes, info, elements, threads=0))]
pub fn oprf_finalize<'py>(
    py: Python<'py>,
    inputs: PyBackedBytes,
    input_bytes: usize,
    info: Option<&[u8]>,
    elements: PyBackedBytes,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(elements.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    as_many(inputs.len(), input_bytes, elements.len() / POINT_BYTES)?;
    if [input_bytes, info.map_or(0, <[u8]>::len)].iter().any(|length| u16::try_from(*length).is_err()) {
        return Err(too_long());
    }
    let outputs = py.detach(|| oprf::finalize(&inputs, input_bytes, info, &elements, self::threads(threads)));
    Ok(PyBytes::new(py, &outputs))
}

fn mode(number: u8) -> PyResult<Mode> {
    Mode::from_number(number).ok_or_else(|| PyValueError::new_err("a mode is 0, 1 or 2"))
}

fn point(py: Python<'_>, bytes: &[u8]) -> PyResult<RistrettoPoint> {
    parse_point(bytes).ok_or_else(|| errors::bad_point(py, BadPoint { index: 0 }))
}

fn batch(before: &[u8], after: &[u8]) -> PyResult<()> {
    if before.len() != after.len() || before.len() > POINT_BYTES * oprf::MAX_BATCH {
        return Err(PyValueError::new_err("a proof is about up to 65,536 elements and as many others"));
    }
    Ok(())
}

/// Whether `packed` bytes are `count` elements of `size` bytes.
pub(crate) fn as_many(packed: usize, size: usize, count: usize) -> PyResult<()> {
    if packed != size * count {
        return Err(PyValueError::new_err(format!("{packed} bytes given where {count} times {size} are due")));
    }
    Ok(())
}

fn too_long() -> PyErr {
    PyValueError::new_err("inputs and public inputs have up to 65,535 bytes")
}
