//! Errors of the core as the classes that Python defines; the only place that knows both.

use atoll_core::cbor::CborError;
use atoll_core::curve::BadPoint;
use atoll_core::hpke::Refusal;
use atoll_core::vole::VoleError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyDict, PyType};

static CBOR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static POINT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SCALAR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static HPKE_KEY: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static HPKE_MESSAGE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNENCODABLE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNSORTED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CORRELATION: PyOnceLock<Py<PyType>> = PyOnceLock::new();

const PRIMITIVES: &str = "atoll.primitives.errors";

/// An instance of `module.name` with `operands`; an error in making it is raised in its place.
fn raise(
    py: Python<'_>,
    class: &PyOnceLock<Py<PyType>>,
    module: &str,
    name: &str,
    operands: PyResult<Bound<'_, PyDict>>,
) -> PyErr {
    let made = (|| class.import(py, module, name)?.call((), Some(&operands?)))();
    match made {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

pub fn cbor(py: Python<'_>, error: CborError) -> PyErr {
    let operands = PyDict::new(py);
    let filled = operands.set_item("reason", error.reason.as_str()).and_then(|()| operands.set_item("offset", error.offset));
    raise(py, &CBOR, "atoll.wire.errors", "CborError", filled.map(|()| operands))
}

pub fn bad_point(py: Python<'_>, error: BadPoint) -> PyErr {
    raise(py, &POINT, PRIMITIVES, "PointError", [("index", error.index)].into_py_dict(py))
}

pub fn bad_scalar(py: Python<'_>) -> PyErr {
    raise(py, &SCALAR, PRIMITIVES, "ScalarError", Ok(PyDict::new(py)))
}

pub fn hpke(py: Python<'_>, refusal: Refusal) -> PyErr {
    let (class, name) = match refusal {
        Refusal::Key => (&HPKE_KEY, "HpkeKeyError"),
        Refusal::Message => (&HPKE_MESSAGE, "HpkeOpenError"),
    };
    raise(py, class, PRIMITIVES, name, Ok(PyDict::new(py)))
}

pub fn unencodable(py: Python<'_>) -> PyErr {
    raise(py, &UNENCODABLE, PRIMITIVES, "StoreError", Ok(PyDict::new(py)))
}

pub fn unsorted(py: Python<'_>) -> PyErr {
    raise(py, &UNSORTED, PRIMITIVES, "TagOrderError", Ok(PyDict::new(py)))
}

/// What the peer did; what the caller did is a `ValueError`.
pub fn vole(py: Python<'_>, error: &VoleError) -> PyErr {
    match *error {
        VoleError::BadPoint { index } => bad_point(py, BadPoint { index }),
        VoleError::CheckFailed => raise(py, &CORRELATION, PRIMITIVES, "CorrelationError", Ok(PyDict::new(py))),
        _ => PyValueError::new_err(error.to_string()),
    }
}
