//! Messages checked, written and read in one pass; see `_core.pyi` and `atoll.wire.message`.
//!
//! Everything here says yes or no. Whoever is told no goes the slow way, field by field, which says what is wrong, and whose
//! word is the last one. So nothing here has to be complete, but whatever it accepts must be right.

use atoll_core::cbor::{CborError, Limits, Reader, Writer};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

use crate::cbor::{BuildPython, Failure, write};

const MAX_DEPTH: usize = 16;

/// See `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct MessageCodec {
    class: Py<PyType>,
    /// `object.__new__`: what was read is checked already, so nothing else makes it.
    new: Py<PyAny>,
    /// What a class checks beside its fields; it has the last word on what was read.
    after: Option<Py<PyAny>>,
    /// `[TAG,` as bytes.
    start: Vec<u8>,
    /// The head of the map of fields.
    head: Vec<u8>,
    /// By the order of their keys.
    fields: Vec<Field>,
    max_bytes: usize,
}

struct Field {
    name: Py<PyString>,
    /// The key as bytes.
    key: Vec<u8>,
    kind: Kind,
    /// Gives the field of an object its value.
    set: Py<PyAny>,
}

enum Kind {
    Int(Bounds),
    Bytes(Bounds),
    Text(Bounds, Vec<Py<PyAny>>),
    Bool,
    Enum { class: Py<PyType>, members: Py<PyDict> },
    Message { class: Py<PyType>, find: Py<PyAny>, found: PyOnceLock<Py<MessageCodec>> },
    Many(Box<Kind>, Bounds),
    Optional(Box<Kind>),
    Document,
}

struct Bounds {
    least: i128,
    most: i128,
}

impl Bounds {
    fn holds(&self, number: i128) -> bool {
        (self.least..=self.most).contains(&number)
    }

    fn holds_length(&self, length: usize) -> bool {
        self.holds(length as i128)
    }
}

/// That something is not as it must be, or an exception of the interpreter on the way; the slow way finds out which.
struct No(Option<PyErr>);

type Found<'py> = Result<Bound<'py, PyAny>, No>;

impl From<CborError> for No {
    fn from(_: CborError) -> Self {
        Self(None)
    }
}

impl From<PyErr> for No {
    fn from(error: PyErr) -> Self {
        Self(Some(error))
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Profile(_) => Self(None),
            Failure::Python(error) => Self(Some(error)),
        }
    }
}

impl No {
    /// None for whoever asked, unless the interpreter was interrupted.
    fn answer<T>(self, py: Python<'_>) -> PyResult<Option<T>> {
        match self.0 {
            Some(error) if !error.is_instance_of::<PyException>(py) => Err(error),
            _ => Ok(None),
        }
    }
}

fn need(holds: bool) -> Result<(), No> {
    if holds { Ok(()) } else { Err(No(None)) }
}

impl Kind {
    /// From what `atoll.wire.message` says of a field's type: a name, then what belongs to it.
    fn parse(spec: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let name: String = spec.get_item(0)?.extract()?;
        let bounds = |at| -> PyResult<Bounds> {
            let (least, most) = spec.get_item(at)?.extract()?;
            Ok(Bounds { least, most })
        };
        let inner = || -> PyResult<Box<Self>> { Ok(Box::new(Self::parse(spec.get_item(1)?.cast()?)?)) };
        Ok(match name.as_str() {
            "int" => Self::Int(bounds(1)?),
            "bytes" => Self::Bytes(bounds(1)?),
            "str" => Self::Text(bounds(1)?, spec.get_item(2)?.extract()?),
            "bool" => Self::Bool,
            "enum" => Self::Enum { class: spec.get_item(1)?.extract()?, members: spec.get_item(2)?.extract()? },
            "message" => Self::Message {
                class: spec.get_item(1)?.extract()?,
                find: spec.get_item(2)?.extract()?,
                found: PyOnceLock::new(),
            },
            "many" => Self::Many(inner()?, bounds(2)?),
            "optional" => Self::Optional(inner()?),
            "document" => Self::Document,
            _ => return Err(PyTypeError::new_err(format!("there is no field of kind {name}"))),
        })
    }

    /// The codec of the message that stands in the field. Asked for late: a message may hold one of its own class.
    fn codec<'a>(&'a self, py: Python<'_>) -> Result<&'a MessageCodec, No> {
        let Self::Message { class, find, found } = self else { return Err(No(None)) };
        Ok(found.get_or_try_init(py, || -> PyResult<_> { Ok(find.bind(py).call1((class,))?.extract()?) })?.get())
    }

    /// Whether a value may stand in the field.
    fn check(&self, value: &Bound<'_, PyAny>) -> Result<(), No> {
        let py = value.py();
        match self {
            Self::Int(bounds) => need(bounds.holds(integer(value.cast_exact().map_err(|_| No(None))?)?)),
            Self::Bytes(bounds) => {
                let bytes: &Bound<'_, PyBytes> = value.cast_exact().map_err(|_| No(None))?;
                need(bounds.holds_length(bytes.as_bytes().len()))
            }
            Self::Text(bounds, patterns) => {
                let text: &Bound<'_, PyString> = value.cast_exact().map_err(|_| No(None))?;
                need(bounds.holds_length(text.len()?))?;
                for pattern in patterns {
                    need(!pattern.bind(py).call1((text,))?.is_none())?;
                }
                Ok(())
            }
            Self::Bool => need(value.is_exact_instance_of::<PyBool>()),
            Self::Enum { class, .. } => need(value.get_type().is(class)),
            Self::Message { class, .. } => need(value.is_instance(class.bind(py))?),
            Self::Many(inner, bounds) => {
                let items: &Bound<'_, PyTuple> = value.cast().map_err(|_| No(None))?;
                need(bounds.holds_length(items.len()))?;
                items.iter().try_for_each(|item| inner.check(&item))
            }
            Self::Optional(inner) => {
                if value.is_none() {
                    Ok(())
                } else {
                    inner.check(value)
                }
            }
            Self::Document => need(value.is_instance_of::<PyDict>()),
        }
    }

    /// Writes a value that was checked.
    fn write(&self, writer: &mut Writer, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), No> {
        let py = value.py();
        match self {
            Self::Enum { .. } => Ok(write(writer, &value.getattr(intern!(py, "_value_"))?, depth)?),
            Self::Message { class, .. } => {
                need(value.get_type().is(class))?; // a subclass writes itself
                self.codec(py)?.write_map(writer, value, depth)
            }
            Self::Many(inner, _) => {
                let items: &Bound<'_, PyTuple> = value.cast().map_err(|_| No(None))?;
                let depth = writer.enter(depth)?;
                writer.array(items.len())?;
                items.iter().try_for_each(|item| inner.write(writer, &item, depth))
            }
            Self::Optional(inner) if !value.is_none() => inner.write(writer, value, depth),
            _ => Ok(write(writer, value, depth)?),
        }
    }

    /// The next item as a value of the field, checked.
    fn read<'py>(&self, py: Python<'py>, reader: &mut Reader<'_>, depth: usize) -> Found<'py> {
        match self {
            Self::Message { .. } => self.codec(py)?.read_map(py, reader, depth),
            Self::Many(inner, bounds) => {
                let (length, depth) = reader.array(depth)?;
                need(bounds.holds(length.into()))?;
                let items = (0..length).map(|_| inner.read(py, reader, depth)).collect::<Result<Vec<_>, _>>()?;
                Ok(PyTuple::new(py, items)?.into_any())
            }
            Self::Optional(_) if reader.skip_null() => Ok(py.None().into_bound(py)),
            Self::Optional(inner) => inner.read(py, reader, depth),
            _ => self.take(reader.item(depth, &mut BuildPython { py })?, depth),
        }
    }

    /// A decoded item as a value of the field, checked; nothing nested deeper than bytes could be.
    fn take<'py>(&self, item: Bound<'py, PyAny>, depth: usize) -> Found<'py> {
        let py = item.py();
        match self {
            Self::Enum { members, .. } => {
                need(item.is_exact_instance_of::<PyString>())?;
                members.bind(py).get_item(item)?.ok_or(No(None))
            }
            Self::Message { .. } => self.codec(py)?.take_map(&item, depth),
            Self::Many(inner, bounds) => {
                let items: &Bound<'_, PyList> = item.cast_exact().map_err(|_| No(None))?;
                need(bounds.holds_length(items.len()))?;
                let items = items.iter().map(|item| inner.take(item, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                Ok(PyTuple::new(py, items)?.into_any())
            }
            Self::Optional(inner) => {
                if item.is_none() {
                    Ok(item)
                } else {
                    inner.take(item, depth)
                }
            }
            _ => {
                self.check(&item)?;
                Ok(item)
            }
        }
    }
}

fn integer(number: &Bound<'_, PyInt>) -> Result<i128, No> {
    match number.extract::<i64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => Ok(number.extract::<u64>()?.into()),
    }
}

impl MessageCodec {
    fn write_map(&self, writer: &mut Writer, message: &Bound<'_, PyAny>, depth: usize) -> Result<(), No> {
        let depth = writer.enter(depth)?;
        writer.raw(&self.head)?;
        for field in &self.fields {
            writer.raw(&field.key)?;
            field.kind.write(writer, &message.getattr(&field.name)?, depth)?;
        }
        Ok(())
    }

    fn read_map<'py>(&self, py: Python<'py>, reader: &mut Reader<'_>, depth: usize) -> Found<'py> {
        need(reader.skip(&self.head))?;
        let depth = reader.enter(depth)?;
        self.make(py, |field| {
            need(reader.skip(&field.key))?;
            field.kind.read(py, reader, depth)
        })
    }

    fn take_map<'py>(&self, value: &Bound<'py, PyAny>, depth: usize) -> Found<'py> {
        need(depth < MAX_DEPTH)?;
        let map: &Bound<'py, PyDict> = value.cast_exact().map_err(|_| No(None))?;
        need(map.len() == self.fields.len())?;
        self.make(value.py(), |field| field.kind.take(map.get_item(&field.name)?.ok_or(No(None))?, depth + 1))
    }

    fn make<'py>(&self, py: Python<'py>, mut value_of: impl FnMut(&Field) -> Found<'py>) -> Found<'py> {
        let message = self.new.bind(py).call1((&self.class,))?;
        for field in &self.fields {
            let value = value_of(field)?;
            field.set.bind(py).call1((&message, value))?;
        }
        if let Some(after) = &self.after {
            after.bind(py).call1((&message,))?;
        }
        Ok(message)
    }

    fn encode_whole(&self, message: &Bound<'_, PyAny>) -> Result<Vec<u8>, No> {
        need(message.get_type().is(&self.class))?;
        let mut writer = Writer::new(Limits { max_bytes: self.max_bytes, max_depth: MAX_DEPTH });
        let depth = writer.enter(0)?;
        writer.raw(&self.start)?;
        self.write_map(&mut writer, message, depth)?;
        Ok(writer.finish())
    }

    fn parse_whole<'py>(&self, py: Python<'py>, data: &[u8]) -> Found<'py> {
        let mut reader = Reader::new(data, MAX_DEPTH);
        need(data.len() <= self.max_bytes && reader.skip(&self.start))?;
        let depth = reader.enter(0)?;
        let message = self.read_map(py, &mut reader, depth)?;
        reader.finish()?;
        Ok(message)
    }
}

#[pymethods]
impl MessageCodec {
    #[new]
    fn new(
        class: &Bound<'_, PyType>,
        tag: &str,
        max_bytes: usize,
        fields: Vec<(Bound<'_, PyString>, Bound<'_, PyTuple>)>,
        after: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let written = |put: &dyn Fn(&mut Writer) -> Result<(), CborError>| {
            let mut writer = Writer::new(Limits::default());
            put(&mut writer).map_err(|error| crate::errors::cbor(py, error))?;
            PyResult::Ok(writer.finish())
        };
        let mut made = Vec::with_capacity(fields.len());
        for (name, spec) in fields {
            let text = name.to_str()?;
            made.push(Field {
                key: written(&|writer| writer.text(text))?,
                kind: Kind::parse(&spec)?,
                set: class.getattr(&name)?.getattr(intern!(py, "__set__"))?.unbind(),
                name: name.unbind(),
            });
        }
        made.sort_by(|one, other| (one.key.len(), &one.key).cmp(&(other.key.len(), &other.key)));
        Ok(Self {
            class: class.clone().unbind(),
            new: py.import("builtins")?.getattr("object")?.getattr("__new__")?.unbind(),
            after,
            start: written(&|writer| writer.array(2).and_then(|()| writer.text(tag)))?,
            head: written(&|writer| writer.map(made.len()))?,
            fields: made,
            max_bytes,
        })
    }

    fn is_good(&self, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = message.py();
        let checked = self.fields.iter().try_for_each(|field| field.kind.check(&message.getattr(&field.name)?));
        checked.map_or_else(|no| Ok(no.answer::<()>(py)?.is_some()), |()| Ok(true))
    }

    fn encode<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = message.py();
        self.encode_whole(message).map_or_else(|no| no.answer(py), |data| Ok(Some(PyBytes::new(py, &data))))
    }

    fn parse<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.parse_whole(py, data).map_or_else(|no| no.answer(py), |message| Ok(Some(message)))
    }

    fn take<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.take_map(value, 0).map_or_else(|no| no.answer(value.py()), |message| Ok(Some(message)))
    }
}
