//! Proofs that products were computed as they should be; see `_core.pyi`.

use std::sync::Arc;

use atoll_core::rss::{self, Batch, BitNotes, Matrices, Moved, Order, Proof, ProofError};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::rss::{RssStreams, row, shares};

/// Notes of AND gates: their ticket, and the rows of `RssCircuitRun.take_log`.
type HeldBits = (u64, Py<PyArray2<u64>>);
/// Notes of products: their ticket, x, y and z, all with the shares on the first axis, and whether x and y are matrices.
type HeldProducts = (u64, Py<PyArrayDyn<u64>>, Py<PyArrayDyn<u64>>, Py<PyArrayDyn<u64>>, bool);

/// Notes of a step of a shuffle: its ticket, x and z, the order and the part whose holders know it, whether parts add up by XOR.
type HeldMoves = (u64, Py<PyArrayDyn<u64>>, Py<PyArrayDyn<u64>>, Option<Py<PyArray1<u32>>>, bool, bool);

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct RssProof {
    proof: Option<Proof>,
    streams: Arc<rss::Streams>,
    bits: Vec<HeldBits>,
    products: Vec<HeldProducts>,
    moves: Vec<HeldMoves>,
}

type Words<'py> = Bound<'py, PyArray1<u64>>;

#[pymethods]
impl RssProof {
    #[new]
    fn new(
        py: Python<'_>,
        streams: &RssStreams,
        ticket: u64,
        bits: Vec<HeldBits>,
        products: Vec<HeldProducts>,
        moves: Vec<HeldMoves>,
    ) -> PyResult<Self> {
        let mut made = Self { proof: None, streams: Arc::clone(&streams.0), bits, products, moves };
        let proof = made.with_batches(py, |batches| Ok(Proof::new(ticket, batches)))?;
        made.proof = Some(proof);
        Ok(made)
    }

    #[getter]
    fn lengths(&self) -> Vec<usize> {
        self.proof.as_ref().map_or_else(Vec::new, |proof| proof.lengths().to_vec())
    }

    #[getter]
    fn shown_words(&self) -> usize {
        self.proof.as_ref().map_or(0, Proof::shown_words)
    }

    #[staticmethod]
    fn traffic(words: usize, moved: usize, numbers: usize) -> (Vec<usize>, usize) {
        Proof::traffic(words, moved, numbers)
    }

    fn coins<'py>(&mut self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let streams = Arc::clone(&self.streams);
        let [own, next] = self.open()?.coins(&streams);
        Ok((PyBytes::new(py, &own), PyBytes::new(py, &next)))
    }

    fn challenge<'py>(&mut self, py: Python<'py>, coin: [u8; rss::KEY_BYTES]) -> PyResult<Words<'py>> {
        let (streams, mut proof) = (Arc::clone(&self.streams), self.proof.take());
        let open = proof.as_mut().ok_or_else(|| PyValueError::new_err("the proof is over"))?;
        let message = self.with_batches(py, |batches| open.challenge(&coin, &streams, batches))?;
        self.proof = proof;
        Ok(message.into_pyarray(py))
    }

    fn hear(&mut self, message: PyReadonlyArray1<'_, u64>) -> PyResult<bool> {
        let message = message.as_slice()?;
        match self.open()?.hear(message) {
            Err(ProofError::Malformed) => Ok(false),
            other => other.map(|()| true).map_err(refused),
        }
    }

    fn shown<'py>(&mut self, py: Python<'py>) -> PyResult<(Words<'py>, Words<'py>)> {
        let [previous, next] = self.open()?.shown().map_err(refused)?;
        Ok((previous.into_pyarray(py), next.into_pyarray(py)))
    }

    fn holds(
        &mut self,
        from_previous: PyReadonlyArray1<'_, u64>,
        from_next: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<(bool, bool)> {
        let (from_previous, from_next) = (from_previous.as_slice()?, from_next.as_slice()?);
        self.open()?.holds(from_previous, from_next).map(|[next, previous]| (next, previous)).map_err(refused)
    }
}

impl RssProof {
    fn open(&mut self) -> PyResult<&mut Proof> {
        self.proof.as_mut().ok_or_else(|| PyValueError::new_err("the proof is over"))
    }

    /// Lets other threads run meanwhile.
    fn with_batches<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&[Batch<'_>]) -> Result<T, ProofError> + Send,
    ) -> PyResult<T> {
        let bits: Vec<(u64, PyReadonlyArray2<'_, u64>)> =
            self.bits.iter().map(|(ticket, logged)| (*ticket, logged.bind(py).readonly())).collect();
        let read = |array: &Py<PyArrayDyn<u64>>| -> PyReadonlyArrayDyn<'_, u64> { array.bind(py).readonly() };
        let products: Vec<_> = self
            .products
            .iter()
            .map(|(ticket, x, y, z, is_matrix)| (*ticket, [read(x), read(y), read(z)], *is_matrix))
            .collect();
        let moves: Vec<_> = self
            .moves
            .iter()
            .map(|(ticket, x, z, order, is_own, is_bits)| {
                let order = order.as_ref().map(|order| order.bind(py).readonly());
                (*ticket, [read(x), read(z)], order, *is_own, *is_bits)
            })
            .collect();
        let mut batches = Vec::with_capacity(bits.len() + products.len() + moves.len());
        for (ticket, logged) in &bits {
            let rows = logged.as_array();
            if rows.shape()[0] != 6 {
                return Err(PyValueError::new_err("notes of gates have six rows"));
            }
            let at = |of: usize| row(logged.as_array().index_axis_move(numpy::ndarray::Axis(0), of));
            batches.push(Batch::Bits(BitNotes { ticket: *ticket, rows: [at(0)?, at(1)?, at(2)?, at(3)?, at(5)?] }));
        }
        for (ticket, [x, y, z], is_matrix) in &products {
            let (left, right, product) = (shares(x)?, shares(y)?, shares(z)?);
            let (ticket, z_next) = (*ticket, product.next);
            if *is_matrix {
                let (&[2, rows, inner], &[2, also_inner, columns]) = (x.as_array().shape(), y.as_array().shape()) else {
                    return Err(PyValueError::new_err("matrices have the shapes (2, m, k) and (2, k, n)"));
                };
                if inner != also_inner || z_next.len() != rows * columns {
                    return Err(PyValueError::new_err("matrices that fit together"));
                }
                let shape = (rows, inner, columns);
                batches.push(Batch::Matrices(Matrices { ticket, shape, x: left, y: right, z_next }));
                continue;
            }
            let inner = if z_next.is_empty() { 0 } else { left.own.len() / z_next.len() };
            if left.own.len() != inner * z_next.len() || right.own.len() != left.own.len() {
                return Err(PyValueError::new_err("factors and products that fit together"));
            }
            batches.push(Batch::Products { ticket, inner, x: left, y: right, z_next });
        }
        for (ticket, [x, z], order, is_own, is_bits) in &moves {
            let (x, z_next) = (shares(x)?, shares(z)?.next);
            if x.own.len() != z_next.len() {
                return Err(PyValueError::new_err("as many rows after a step as before it"));
            }
            let order = match order {
                None => Order::Hidden,
                Some(order) => {
                    let order = order.as_slice()?;
                    if order.len() != z_next.len() || order.iter().any(|&place| place as usize >= order.len()) {
                        return Err(PyValueError::new_err("an order has a place for each row"));
                    }
                    if *is_own { Order::Own(order) } else { Order::Next(order) }
                }
            };
            batches.push(Batch::Moved(Moved { ticket: *ticket, order, is_bits: *is_bits, x, z_next }));
        }
        py.detach(|| work(&batches)).map_err(refused)
    }
}

fn refused(error: ProofError) -> PyErr {
    PyValueError::new_err(match error {
        ProofError::NotNext => "this step is not next".to_owned(),
        ProofError::Length { found, needed } => format!("{found} words given, {needed} needed"),
        ProofError::Malformed => "no honest message".to_owned(),
    })
}
