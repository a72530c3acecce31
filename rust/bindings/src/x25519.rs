//! X25519 of many points and one secret; see `_core.pyi`.

use atoll_core::curve::x25519;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::curve::{exactly, kernel, threads};
use crate::errors;

/// A clamped scalar; see `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct ClampedSecret(pub(crate) x25519::ClampedSecret);

#[pymethods]
impl ClampedSecret {
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(x25519::ClampedSecret::new(exactly(data)?)))
    }

    fn expose<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.expose())
    }

    fn __repr__(&self) -> &'static str {
        "ClampedSecret(...)"
    }
}

#[pyfunction]
#[pyo3(signature = (points, secret, threads=0, kernel=None))]
pub fn x25519_multiply<'py>(
    py: Python<'py>,
    points: PyBackedBytes,
    secret: &ClampedSecret,
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (secret, kernel) = (&secret.0, self::kernel(kernel)?);
    let products = py.detach(|| x25519::multiply_packed(kernel, &points, secret, self::threads(threads)));
    Ok(PyBytes::new(py, &products.map_err(|error| errors::bad_point(py, error))?))
}
