//! Shared secrets, their commitments, and proofs of knowledge; see `_core.pyi`.

use atoll_core::group::{POINT_BYTES, SCALAR_BYTES};
use atoll_core::sharing;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::curve::{SecretScalar, exactly, whole};
use crate::errors;
use crate::oprf::{SecretScalars, as_many};

/// A secret polynomial; see `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct Polynomial(sharing::Polynomial);

#[pymethods]
impl Polynomial {
    #[staticmethod]
    fn derive(secret: &SecretScalar, seed: &[u8], threshold: u32) -> PyResult<Self> {
        let polynomial = sharing::Polynomial::derive(&secret.0, &exactly(seed)?, threshold);
        polynomial.map(Self).ok_or_else(no_coefficient)
    }

    #[staticmethod]
    fn from_coefficients(coefficients: &SecretScalars) -> PyResult<Self> {
        sharing::Polynomial::from_coefficients(&coefficients.0).map(Self).ok_or_else(no_coefficient)
    }

    fn at(&self, py: Python<'_>, place: u16) -> PyResult<SecretScalar> {
        self.0.at(place).map(SecretScalar).ok_or_else(|| errors::bad_scalar(py))
    }

    fn commitments<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.commitments())
    }

    fn __repr__(&self) -> &'static str {
        "Polynomial(...)"
    }
}

#[pyfunction]
pub fn sharing_commitment_at<'py>(py: Python<'py>, commitments: &[u8], place: u16) -> PyResult<Bound<'py, PyBytes>> {
    let point = sharing::commitment_at(commitments, place).map_err(|error| errors::bad_point(py, error))?;
    Ok(PyBytes::new(py, &point))
}

#[pyfunction]
pub fn sharing_add_weighted<'py>(py: Python<'py>, points: &[u8], weights: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    whole(points.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    as_many(weights.len(), SCALAR_BYTES, points.len() / POINT_BYTES)?;
    let sum = sharing::add_weighted(points, weights).map_err(|error| errors::bad_point(py, error))?;
    Ok(PyBytes::new(py, &sum.ok_or_else(|| errors::bad_scalar(py))?))
}

#[pyfunction]
pub fn sharing_add_shares(py: Python<'_>, shares: Vec<PyRef<'_, SecretScalar>>, weights: &[u8]) -> PyResult<SecretScalar> {
    as_many(weights.len(), SCALAR_BYTES, shares.len())?;
    let shares: Vec<_> = shares.iter().map(|share| &share.0).collect();
    sharing::add_shares(&shares, weights).map(SecretScalar).ok_or_else(|| errors::bad_scalar(py))
}

#[pyfunction]
pub fn sharing_prove_knowledge<'py>(
    py: Python<'py>,
    secret: &SecretScalar,
    prefix: &[u8],
    nonce: &SecretScalar,
) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &sharing::prove_knowledge(&secret.0, prefix, &nonce.0))
}

#[pyfunction]
pub fn sharing_is_knowledge(public: &[u8], prefix: &[u8], proof: &[u8]) -> PyResult<bool> {
    Ok(sharing::is_knowledge(&exactly(public)?, prefix, &exactly(proof)?))
}

fn no_coefficient() -> PyErr {
    PyValueError::new_err("a polynomial has at least one coefficient")
}
