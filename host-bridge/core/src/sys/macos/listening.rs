//! The connection that a listener listens on.

use super::ffi::xpc;
use super::object::Object;

/// It lives as long as the listener or any connection that came through it: the header says that cancelling it ends what
/// was made from its endpoint.
#[derive(Debug)]
pub struct Listening(Object);

impl Listening {
    /// Takes a connection that is active.
    pub fn over(connection: Object) -> Self {
        Self(connection)
    }

    pub fn connection(&self) -> &Object {
        &self.0
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // SAFETY: held, and active since it was made.
        unsafe { xpc::xpc_connection_cancel(self.0.raw()) };
    }
}
