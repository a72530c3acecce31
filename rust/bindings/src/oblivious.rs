//! The oblivious function on Curve25519; see `_core.pyi`.

use atoll_core::curve::{BadPoint, oblivious};
use atoll_core::group::POINT_BYTES;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::curve::{check_items, exactly, kernel, threads};
use crate::errors;
use crate::oprf::{SecretScalars, as_many};
use crate::x25519::ClampedSecret;

/// A public key with the table of its multiples; see `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct ObliviousKey(oblivious::PublicKey);

#[pymethods]
impl ObliviousKey {
    #[staticmethod]
    #[pyo3(signature = (point, kernel=None))]
    fn from_point(py: Python<'_>, point: &[u8], kernel: Option<&str>) -> PyResult<Self> {
        let (point, kernel) = (exactly(point)?, self::kernel(kernel)?);
        let key = py.detach(|| oblivious::PublicKey::new(kernel, &point));
        key.map(Self).ok_or_else(|| errors::bad_point(py, BadPoint { index: 0 }))
    }
}

#[pyfunction]
#[pyo3(signature = (items, item_bytes, blinders, dst, threads=0, kernel=None))]
pub fn oblivious_blind<'py>(
    py: Python<'py>,
    items: PyBackedBytes,
    item_bytes: usize,
    blinders: &SecretScalars,
    dst: &[u8],
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    check_items(&items, item_bytes, dst)?;
    as_many(items.len(), item_bytes, blinders.0.len())?;
    let (blinders, kernel) = (&blinders.0, self::kernel(kernel)?);
    let blinded = py.detach(|| oblivious::blind_packed(kernel, &items, item_bytes, blinders, dst, self::threads(threads)));
    Ok(PyBytes::new(py, &blinded))
}

#[pyfunction]
#[pyo3(signature = (points, key, threads=0, kernel=None))]
pub fn oblivious_answer<'py>(
    py: Python<'py>,
    points: PyBackedBytes,
    key: &ClampedSecret,
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, kernel) = (&key.0, self::kernel(kernel)?);
    let answers = py.detach(|| oblivious::answer_packed(kernel, &points, key, self::threads(threads)));
    Ok(PyBytes::new(py, &answers.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
#[pyo3(signature = (answers, blinders, key, threads=0))]
pub fn oblivious_unblind<'py>(
    py: Python<'py>,
    answers: PyBackedBytes,
    blinders: &SecretScalars,
    key: &ObliviousKey,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    as_many(answers.len(), POINT_BYTES, blinders.0.len())?;
    let values = py.detach(|| oblivious::unblind_packed(&answers, &blinders.0, &key.0, self::threads(threads)));
    Ok(PyBytes::new(py, &values.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
#[pyo3(signature = (items, item_bytes, key, dst, threads=0, kernel=None))]
pub fn oblivious_evaluate<'py>(
    py: Python<'py>,
    items: PyBackedBytes,
    item_bytes: usize,
    key: &ClampedSecret,
    dst: &[u8],
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    check_items(&items, item_bytes, dst)?;
    let (key, kernel) = (&key.0, self::kernel(kernel)?);
    let values = py.detach(|| oblivious::evaluate_packed(kernel, &items, item_bytes, key, dst, self::threads(threads)));
    Ok(PyBytes::new(py, &values))
}
