//! Strict CBOR straight from and to Python objects.

use atoll_core::cbor::{Build, CborError, HIGHEST_MAX_DEPTH, Limits, Reason, Writer, decode, key_rank};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyNone, PyString, PyTuple};

use crate::errors;

fn limits(max_bytes: usize, max_depth: usize) -> PyResult<Limits> {
    if max_depth > HIGHEST_MAX_DEPTH {
        return Err(PyValueError::new_err(format!("max_depth is {max_depth}, the limit is {HIGHEST_MAX_DEPTH}")));
    }
    Ok(Limits { max_bytes, max_depth })
}

#[pyfunction]
#[pyo3(signature = (data, max_bytes=64_000, max_depth=16))]
pub fn cbor_decode(py: Python<'_>, data: &[u8], max_bytes: usize, max_depth: usize) -> PyResult<Py<PyAny>> {
    match decode(data, limits(max_bytes, max_depth)?, &mut BuildPython { py }) {
        Ok(item) => Ok(item.unbind()),
        Err(failure) => Err(failure.raise(py)),
    }
}

#[pyfunction]
#[pyo3(signature = (value, max_bytes=64_000, max_depth=16))]
pub fn cbor_encode<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
    max_bytes: usize,
    max_depth: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut writer = Writer::new(limits(max_bytes, max_depth)?);
    match write(&mut writer, value, 0) {
        Ok(()) => Ok(PyBytes::new(py, &writer.finish())),
        Err(failure) => Err(failure.raise(py)),
    }
}

/// A refusal by the profile, or an exception of the interpreter on the way.
pub enum Failure {
    Profile(CborError),
    Python(PyErr),
}

impl Failure {
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Profile(error) => errors::cbor(py, error),
            Self::Python(error) => error,
        }
    }
}

impl From<CborError> for Failure {
    fn from(error: CborError) -> Self {
        Self::Profile(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

pub struct BuildPython<'py> {
    pub py: Python<'py>,
}

impl<'py> Build for BuildPython<'py> {
    type Item = Bound<'py, PyAny>;
    type Map = Bound<'py, PyDict>;
    type Error = Failure;

    fn unsigned(&mut self, number: u64) -> Result<Self::Item, Failure> {
        let Ok(number) = number.into_pyobject(self.py);
        Ok(number.into_any())
    }

    fn negative(&mut self, number: i64) -> Result<Self::Item, Failure> {
        let Ok(number) = number.into_pyobject(self.py);
        Ok(number.into_any())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Self::Item, Failure> {
        Ok(PyBytes::new(self.py, bytes).into_any())
    }

    fn text(&mut self, text: &str) -> Result<Self::Item, Failure> {
        Ok(PyString::new(self.py, text).into_any())
    }

    fn bool(&mut self, value: bool) -> Result<Self::Item, Failure> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn null(&mut self) -> Result<Self::Item, Failure> {
        Ok(PyNone::get(self.py).to_owned().into_any())
    }

    fn array(&mut self, items: Vec<Self::Item>) -> Result<Self::Item, Failure> {
        Ok(PyList::new(self.py, items)?.into_any())
    }

    fn start_map(&mut self) -> Result<Self::Map, Failure> {
        Ok(PyDict::new(self.py))
    }

    fn insert(&mut self, map: &mut Self::Map, key: &str, item: Self::Item) -> Result<(), Failure> {
        Ok(map.set_item(key, item)?)
    }

    fn finish_map(&mut self, map: Self::Map) -> Result<Self::Item, Failure> {
        Ok(map.into_any())
    }
}

/// Exact types only: a subclass (an `IntEnum`, a named tuple) would come back as something else than it went in.
pub fn write(writer: &mut Writer, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Failure> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        write_text(writer, text)?;
    } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
        writer.bytes(bytes.as_bytes())?;
    } else if let Ok(value) = value.cast_exact::<PyBool>() {
        writer.bool(value.is_true())?;
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        write_integer(writer, number)?;
    } else if value.is_none() {
        writer.null()?;
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        write_items(writer, list.len(), list.iter(), depth)?;
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        write_items(writer, tuple.len(), tuple.iter(), depth)?;
    } else if let Ok(map) = value.cast_exact::<PyDict>() {
        write_map(writer, map, depth)?;
    } else {
        return Err(writer.refuse(Reason::Unsupported).into());
    }
    Ok(())
}

fn write_text(writer: &mut Writer, text: &Bound<'_, PyString>) -> Result<(), CborError> {
    // A lone surrogate is the only text without UTF-8.
    let text = text.to_str().map_err(|_| writer.refuse(Reason::Utf8))?;
    writer.text(text)
}

fn write_integer(writer: &mut Writer, number: &Bound<'_, PyInt>) -> Result<(), CborError> {
    if let Ok(number) = number.extract::<i64>() {
        writer.signed(number)
    } else if let Ok(number) = number.extract::<u64>() {
        writer.unsigned(number)
    } else {
        Err(writer.refuse(Reason::IntegerRange))
    }
}

fn write_items<'py>(
    writer: &mut Writer,
    length: usize,
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
) -> Result<(), Failure> {
    let depth = writer.enter(depth)?;
    writer.array(length)?;
    for item in items {
        write(writer, &item, depth)?;
    }
    Ok(())
}

fn write_map(writer: &mut Writer, map: &Bound<'_, PyDict>, depth: usize) -> Result<(), Failure> {
    let depth = writer.enter(depth)?;
    let entries = map
        .iter()
        .map(|(key, item)| match key.cast_into_exact::<PyString>() {
            Ok(key) => Ok((key, item)),
            Err(_) => Err(writer.refuse(Reason::KeyType)),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut ranked = Vec::with_capacity(entries.len());
    for (key, item) in &entries {
        let key = key.to_str().map_err(|_| writer.refuse(Reason::Utf8))?;
        ranked.push((key, item));
    }
    ranked.sort_unstable_by_key(|(key, _)| key_rank(key));
    writer.map(ranked.len())?;
    for (key, item) in ranked {
        writer.text(key)?;
        write(writer, item, depth)?;
    }
    Ok(())
}
