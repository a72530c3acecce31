//! VOLE setups, the oblivious pseudorandom function on them, and the comparison of its values.

use atoll_core::gf128::Gf128;
use atoll_core::rr22::oprf::{OprfParams, Output, Receiver, ReceiverValues, Sender};
use atoll_core::rr22::psi;
use atoll_core::vole::{DeltaOutput, DeltaSetup, DeltaSide, VectorOutput, VectorSetup, VectorSide, VoleError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::errors;
use crate::okvs::{keys_of, threads};

/// A call that is not next.
fn out_of_order() -> PyErr {
    PyValueError::new_err("this step is not next")
}

fn checked<T>(py: Python<'_>, result: Result<T, VoleError>) -> PyResult<T> {
    result.map_err(|error| errors::vole(py, &error))
}

fn params(py: Python<'_>, keys: usize, subfield: bool, malicious: bool, failure_bits: u32) -> PyResult<OprfParams> {
    checked(py, OprfParams::new(keys, subfield, malicious, failure_bits))
}

fn coin_of(coin: Option<[u8; 16]>) -> Option<Gf128> {
    coin.map(Gf128::from_bytes)
}

fn outputs_of(outputs: &[u8]) -> PyResult<&[Output]> {
    let (outputs, rest) = outputs.as_chunks();
    if rest.is_empty() { Ok(outputs) } else { Err(PyValueError::new_err("values have 16 bytes")) }
}

/// Values of so many keys, filled in where they will stay.
fn new_outputs<'py>(
    py: Python<'py>,
    keys: usize,
    fill: impl FnOnce(&mut [Output]) -> Result<(), VoleError> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, keys * size_of::<Output>(), |bytes| {
        let filled = py.detach(|| fill(bytes.as_chunks_mut().0));
        checked(py, filled)
    })
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct VoleDeltaSetup(DeltaSetup);

#[pymethods]
impl VoleDeltaSetup {
    #[new]
    fn new(seed: [u8; 32], context: &[u8]) -> Self {
        Self(DeltaSetup::new(&seed, context))
    }

    fn send_0<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let message = py.detach(|| self.0.send_0());
        PyBytes::new(py, &message)
    }

    fn receive_1(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let result = py.detach(|| self.0.receive_1(&message));
        checked(py, result)
    }
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct VoleVectorSetup(VectorSetup);

#[pymethods]
impl VoleVectorSetup {
    #[new]
    fn new(seed: [u8; 32], context: &[u8]) -> Self {
        Self(VectorSetup::new(&seed, context))
    }

    fn receive_0(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let result = py.detach(|| self.0.receive_0(&message));
        checked(py, result)
    }

    fn send_1<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let message = py.detach(|| self.0.send_1());
        Ok(PyBytes::new(py, &checked(py, message)?))
    }
}

#[pyfunction]
pub fn vole_setup_bytes() -> (usize, usize) {
    (atoll_core::vole::setup_message_bytes(0), atoll_core::vole::setup_message_bytes(1))
}

#[pyfunction]
#[pyo3(signature = (keys, subfield, malicious, failure_bits=40))]
pub fn vole_oprf_bytes(
    py: Python<'_>,
    keys: usize,
    subfield: bool,
    malicious: bool,
    failure_bits: u32,
) -> PyResult<(Vec<usize>, usize)> {
    let params = params(py, keys, subfield, malicious, failure_bits)?;
    let vole = params.vole();
    Ok(((0..vole.messages()).map(|k| vole.message_bytes(k)).collect(), params.masked_bytes()))
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct VoleOprfReceiver {
    params: OprfParams,
    domain: [u8; 32],
    threads: usize,
    vole: Option<VectorSide>,
    expanded: Option<VectorOutput>,
    encoded: Option<Receiver>,
    values: Option<ReceiverValues>,
}

#[pymethods]
impl VoleOprfReceiver {
    #[new]
    #[pyo3(signature = (setup, instance, domain, keys, *, subfield=false, malicious=false, failure_bits=40, threads=0))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn new(
        py: Python<'_>,
        setup: &mut VoleVectorSetup,
        instance: u64,
        domain: [u8; 32],
        keys: usize,
        subfield: bool,
        malicious: bool,
        failure_bits: u32,
        threads: usize,
    ) -> PyResult<Self> {
        let params = params(py, keys, subfield, malicious, failure_bits)?;
        let threads = self::threads(threads);
        let vole = checked(py, VectorSide::new(&mut setup.0, instance, params.vole(), threads))?;
        Ok(Self { params, domain, threads, vole: Some(vole), expanded: None, encoded: None, values: None })
    }

    fn send_0<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let message = py.detach(|| vole.send_0());
        Ok(PyBytes::new(py, &checked(py, message)?))
    }

    fn receive_1(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let result = py.detach(|| vole.receive_1(&message));
        checked(py, result)
    }

    fn send_2<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let message = py.detach(|| vole.send_2());
        Ok(PyBytes::new(py, &checked(py, message)?))
    }

    fn receive_3(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let result = py.detach(|| vole.receive_3(&message));
        checked(py, result)
    }

    fn encode(&mut self, py: Python<'_>, digests: PyBackedBytes) -> PyResult<()> {
        let keys = keys_of(&digests)?;
        let encoded = py.detach(|| Receiver::new(&self.params, &self.domain, keys.to_vec(), self.threads));
        self.encoded = Some(encoded.map_err(|_| errors::unencodable(py))?);
        Ok(())
    }

    fn expand(&mut self, py: Python<'_>) -> PyResult<()> {
        let vole = self.vole.take().ok_or_else(out_of_order)?;
        let expanded = py.detach(|| vole.finish());
        self.expanded = Some(checked(py, expanded)?);
        Ok(())
    }

    fn mask<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (Some(encoded), Some(expanded)) = (self.encoded.take(), self.expanded.take()) else { return Err(out_of_order()) };
        PyBytes::new_with(py, encoded.masked_bytes(), |masked| {
            let values = py.detach(|| encoded.mask(expanded, masked));
            self.values = Some(checked(py, values)?);
            Ok(())
        })
    }

    #[pyo3(signature = (coin=None))]
    fn evaluate<'py>(&mut self, py: Python<'py>, coin: Option<[u8; 16]>) -> PyResult<Bound<'py, PyBytes>> {
        let values = self.values.as_ref().ok_or_else(out_of_order)?;
        new_outputs(py, values.keys(), |outputs| values.evaluate(coin_of(coin), outputs))
    }
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct VoleOprfSender {
    params: OprfParams,
    domain: [u8; 32],
    threads: usize,
    vole: Option<DeltaSide>,
    expanded: Option<DeltaOutput>,
    values: Option<Sender>,
}

#[pymethods]
impl VoleOprfSender {
    #[new]
    #[pyo3(signature = (setup, instance, domain, keys, *, subfield=false, malicious=false, failure_bits=40, threads=0))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn new(
        py: Python<'_>,
        setup: &mut VoleDeltaSetup,
        instance: u64,
        domain: [u8; 32],
        keys: usize,
        subfield: bool,
        malicious: bool,
        failure_bits: u32,
        threads: usize,
    ) -> PyResult<Self> {
        let params = params(py, keys, subfield, malicious, failure_bits)?;
        let threads = self::threads(threads);
        let vole = checked(py, DeltaSide::new(&mut setup.0, instance, params.vole(), threads))?;
        Ok(Self { params, domain, threads, vole: Some(vole), expanded: None, values: None })
    }

    fn receive_0(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let result = py.detach(|| vole.receive_0(&message));
        checked(py, result)
    }

    fn send_1<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let message = py.detach(|| vole.send_1());
        Ok(PyBytes::new(py, &checked(py, message)?))
    }

    fn receive_2(&mut self, py: Python<'_>, message: PyBackedBytes) -> PyResult<()> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let result = py.detach(|| vole.receive_2(&message));
        checked(py, result)
    }

    fn send_3<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let vole = self.vole.as_mut().ok_or_else(out_of_order)?;
        let message = py.detach(|| vole.send_3());
        Ok(PyBytes::new(py, &checked(py, message)?))
    }

    fn expand(&mut self, py: Python<'_>) -> PyResult<()> {
        let vole = self.vole.take().ok_or_else(out_of_order)?;
        let expanded = py.detach(|| vole.finish());
        self.expanded = Some(checked(py, expanded)?);
        Ok(())
    }

    fn receive_masked(&mut self, py: Python<'_>, masked: PyBackedBytes) -> PyResult<()> {
        let expanded = self.expanded.take().ok_or_else(out_of_order)?;
        let values = py.detach(|| Sender::new(&self.params, &self.domain, expanded, &masked, self.threads));
        self.values = Some(checked(py, values)?);
        Ok(())
    }

    #[pyo3(signature = (digests, coin=None))]
    fn evaluate<'py>(&self, py: Python<'py>, digests: PyBackedBytes, coin: Option<[u8; 16]>) -> PyResult<Bound<'py, PyBytes>> {
        let values = self.values.as_ref().ok_or_else(out_of_order)?;
        let keys = keys_of(&digests)?;
        new_outputs(py, keys.len(), |outputs| values.evaluate(keys, coin_of(coin), outputs))
    }
}

#[pyfunction]
#[pyo3(signature = (outputs, tag_bytes, threads=0))]
pub fn sorted_tags<'py>(
    py: Python<'py>,
    outputs: PyBackedBytes,
    tag_bytes: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let outputs = outputs_of(&outputs)?;
    if !(1..=psi::MAX_TAG_BYTES).contains(&tag_bytes) {
        return Err(PyValueError::new_err("a tag has 1 to 16 bytes"));
    }
    PyBytes::new_with(py, outputs.len() * tag_bytes, |packed| {
        py.detach(|| psi::sorted_tags(outputs, tag_bytes, packed, self::threads(threads)));
        Ok(())
    })
}

#[pyfunction]
pub fn match_sorted_tags<'py>(
    py: Python<'py>,
    outputs: PyBackedBytes,
    tags: PyBackedBytes,
    tag_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let own = outputs_of(&outputs)?;
    if !(1..=psi::MAX_TAG_BYTES).contains(&tag_bytes) || !tags.len().is_multiple_of(tag_bytes) {
        return Err(PyValueError::new_err("a tag has 1 to 16 bytes"));
    }
    let places = py.detach(|| psi::matches(own, &tags, tag_bytes));
    let places = places.map_err(|_| errors::unsorted(py))?;
    PyBytes::new_with(py, 4 * places.len(), |packed| {
        packed.as_chunks_mut().0.iter_mut().zip(&places).for_each(|(bytes, place)| *bytes = place.to_le_bytes());
        Ok(())
    })
}
