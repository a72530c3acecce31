//! HPKE ends as Python objects. An end is used by one thread at a time: its messages have an order.

use atoll_core::hpke::{self, Receiver, Sender, TAG_BYTES};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;

type KeyPair<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyfunction]
pub fn hpke_derive_key_pair<'py>(py: Python<'py>, key_material: &[u8]) -> PyResult<KeyPair<'py>> {
    let (secret, public) = hpke::derive_key_pair(key_material).ok_or_else(|| errors::hpke(py, hpke::Refusal::Key))?;
    Ok((PyBytes::new(py, &secret), PyBytes::new(py, &public)))
}

/// The sending end; see `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct HpkeSender(Sender);

#[pymethods]
impl HpkeSender {
    #[new]
    fn new(py: Python<'_>, sender_secret: &[u8], recipient_public: &[u8], info: &[u8]) -> PyResult<Self> {
        Sender::new(sender_secret, recipient_public, info).map(Self).map_err(|refusal| errors::hpke(py, refusal))
    }

    #[getter]
    fn encapsulation<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.encapsulation())
    }

    fn export<'py>(&self, py: Python<'py>, purpose: &[u8], length: usize) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, length, |out| self.0.export(purpose, out).map_err(|refusal| errors::hpke(py, refusal)))
    }

    fn seal<'py>(&mut self, py: Python<'py>, aad: &[u8], plaintext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sender = &mut self.0;
        PyBytes::new_with(py, plaintext.len() + TAG_BYTES, |sealed| {
            py.detach(|| sender.seal(aad, plaintext, sealed)).map_err(|refusal| errors::hpke(py, refusal))
        })
    }
}

/// The receiving end; see `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct HpkeReceiver(Receiver);

#[pymethods]
impl HpkeReceiver {
    #[new]
    fn new(py: Python<'_>, recipient_secret: &[u8], sender_public: &[u8], encapsulation: &[u8], info: &[u8]) -> PyResult<Self> {
        let receiver = Receiver::new(recipient_secret, sender_public, encapsulation, info);
        receiver.map(Self).map_err(|refusal| errors::hpke(py, refusal))
    }

    fn export<'py>(&self, py: Python<'py>, purpose: &[u8], length: usize) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, length, |out| self.0.export(purpose, out).map_err(|refusal| errors::hpke(py, refusal)))
    }

    fn open<'py>(&mut self, py: Python<'py>, aad: &[u8], ciphertext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let receiver = &mut self.0;
        let length = ciphertext.len().checked_sub(TAG_BYTES).ok_or_else(|| errors::hpke(py, hpke::Refusal::Message))?;
        PyBytes::new_with(py, length, |opened| {
            py.detach(|| receiver.open(aad, ciphertext, opened)).map_err(|refusal| errors::hpke(py, refusal))
        })
    }
}
