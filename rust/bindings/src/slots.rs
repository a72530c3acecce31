//! Rows in slots of one width.

use atoll_core::slots::{self, Column, MAX_WIDTH, Unfit};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

type Packed<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyfunction]
pub fn pack_slots<'py>(
    py: Python<'py>,
    ends: &[u8],
    columns: Vec<(PyBackedBytes, PyBackedBytes, PyBackedBytes)>,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    if columns.is_empty() || !(1..=MAX_WIDTH).contains(&width) {
        return Err(PyValueError::new_err("slots take columns, and have 1 to 65,535 bytes"));
    }
    let columns: Vec<_> = columns.into_iter().map(|(ends, texts, present)| Column { ends, texts, present }).collect();
    match py.detach(|| slots::pack(ends, &columns, width)) {
        Ok(packed) => Ok(PyBytes::new(py, &packed)),
        Err(Unfit::TooLong(needed)) => Err(PyOverflowError::new_err(needed)),
        Err(Unfit::Lists) => Err(PyValueError::new_err("the packed lists do not fit each other")),
    }
}

#[pyfunction]
pub fn unpack_slots<'py>(
    py: Python<'py>,
    data: &[u8],
    width: usize,
    columns: usize,
) -> PyResult<(Bound<'py, PyBytes>, Vec<Packed<'py>>)> {
    if columns == 0 || !(1..=MAX_WIDTH).contains(&width) || !data.len().is_multiple_of(width) {
        return Err(PyValueError::new_err("slots hold columns, have 1 to 65,535 bytes, and come whole"));
    }
    let found = py.detach(|| slots::unpack(data, width, columns));
    let bytes = |data: &[u8]| PyBytes::new(py, data);
    let columns = found.columns.iter().map(|one| (bytes(&one.ends), bytes(&one.texts), bytes(&one.present))).collect();
    Ok((bytes(&found.ends), columns))
}
