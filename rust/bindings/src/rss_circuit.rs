//! Circuits over shared bits and their runs; see `_core.pyi`.

use std::sync::Arc;

use atoll_core::rss::{self, BadCircuit, Gate, RunError};
use numpy::ndarray::{ArrayView2, Axis};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

use crate::rss::{RssStreams, row};

/// See `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct RssCircuit(Arc<rss::Circuit>);

#[pymethods]
impl RssCircuit {
    #[new]
    fn new(
        py: Python<'_>,
        inputs: usize,
        operations: PyReadonlyArray1<'_, u8>,
        left: PyReadonlyArray1<'_, u32>,
        right: PyReadonlyArray1<'_, u32>,
        outputs: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<Self> {
        let (operations, left, right) = (operations.as_slice()?, left.as_slice()?, right.as_slice()?);
        if left.len() != operations.len() || right.len() != operations.len() {
            return Err(PyValueError::new_err("each operation has two operands"));
        }
        let outputs = outputs.as_slice()?;
        let circuit = py.detach(|| {
            let gates = operations.iter().zip(left.iter().zip(right)).enumerate();
            let gates =
                gates.map(|(at, (&operation, (&left, &right)))| gate(operation, left, right).ok_or(BadCircuit::Operation(at)));
            rss::Circuit::new(inputs, &gates.collect::<Result<Vec<_>, _>>()?, outputs)
        });
        let circuit = circuit.map_err(|bad| {
            PyValueError::new_err(match bad {
                BadCircuit::Operation(at) => format!("gate {at} is no gate"),
                BadCircuit::Operand(at) => format!("gate {at} reads a wire that does not come before it"),
                BadCircuit::Output(at) => format!("output {at} is no wire"),
            })
        })?;
        Ok(Self(Arc::new(circuit)))
    }

    #[getter]
    fn inputs(&self) -> usize {
        self.0.inputs()
    }

    #[getter]
    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    #[getter]
    fn layers(&self) -> Vec<usize> {
        self.0.layers().collect()
    }
}

fn gate(operation: u8, left: u32, right: u32) -> Option<Gate> {
    Some(match operation {
        0 => Gate::Xor(left, right),
        1 => Gate::And(left, right),
        2 => Gate::Not(left),
        3 => Gate::Zero,
        4 => Gate::One,
        _ => return None,
    })
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct RssCircuitRun {
    run: rss::CircuitRun,
    /// The own and the next planes of each.
    inputs: Vec<[Py<PyArray2<u64>>; 2]>,
    /// The message sent last, which has this node's shares of the products.
    said: Option<Py<PyArray1<u64>>>,
}

#[pymethods]
impl RssCircuitRun {
    #[new]
    #[pyo3(signature = (circuit, streams, me, ticket, words, inputs, log))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn new(
        py: Python<'_>,
        circuit: &RssCircuit,
        streams: &RssStreams,
        me: usize,
        ticket: u64,
        words: usize,
        inputs: Vec<[Py<PyArray2<u64>>; 2]>,
        log: bool,
    ) -> PyResult<Self> {
        if me > 2 {
            return Err(PyValueError::new_err("a node is 0, 1 or 2"));
        }
        let (circuit, streams) = (Arc::clone(&circuit.0), Arc::clone(&streams.0));
        let run = py.detach(|| rss::CircuitRun::new(circuit, streams, me, ticket, words, log)).map_err(refused)?;
        Ok(Self { run, inputs, said: None })
    }

    fn start<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray1<u64>>>> {
        let inputs = std::mem::take(&mut self.inputs);
        let arrays: Vec<[PyReadonlyArray2<'_, u64>; 2]> =
            inputs.iter().map(|shares| shares.each_ref().map(|planes| planes.bind(py).readonly())).collect();
        let mut wires = Vec::new();
        for [own, next] in &arrays {
            if own.shape() != next.shape() {
                return Err(PyValueError::new_err("both shares of an input have one shape"));
            }
            for wire in 0..own.shape()[0] {
                let share = |planes| row(ArrayView2::index_axis_move(planes, Axis(0), wire));
                wires.push([share(own.as_array())?, share(next.as_array())?]);
            }
        }
        let run = &mut self.run;
        let message = py.detach(|| run.start(&wires)).map_err(refused)?;
        Ok(self.say(py, message))
    }

    fn advance<'py>(
        &mut self,
        py: Python<'py>,
        heard: PyReadonlyArray1<'py, u8>,
    ) -> PyResult<Option<Bound<'py, PyArray1<u64>>>> {
        let heard = heard.as_slice()?;
        let said = self.said.as_ref().map(|said| said.bind(py).readonly());
        let said = said.as_ref().map_or(Ok(&[][..]), |said| said.as_slice())?;
        let run = &mut self.run;
        let message = py.detach(|| run.advance(said, heard)).map_err(refused)?;
        Ok(self.say(py, message))
    }

    fn outputs<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<u64>>> {
        let shares = self.run.take_outputs().map_err(refused)?;
        shares.into_pyarray(py).reshape([2, self.run.output_wires(), self.run.words()])
    }

    fn take_log<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<u64>>>> {
        let Some(log) = self.run.take_log() else { return Ok(None) };
        let words = log.rows.len() / 6;
        log.rows.into_pyarray(py).reshape([6, words]).map(Some)
    }
}

impl RssCircuitRun {
    /// Keeps what is sent: it is read again when the answer has come.
    fn say<'py>(&mut self, py: Python<'py>, message: Vec<u64>) -> Option<Bound<'py, PyArray1<u64>>> {
        let message = (!self.run.is_done()).then(|| message.into_pyarray(py));
        self.said = message.clone().map(Bound::unbind);
        message
    }
}

fn refused(error: RunError) -> PyErr {
    match error {
        RunError::NotNext => PyValueError::new_err("this step is not next"),
        RunError::Sizes { found, needed } => PyValueError::new_err(format!("{found} given, {needed} needed")),
        RunError::Memory => PyMemoryError::new_err(()),
    }
}
