//! What travels beside a message's bytes: a reference to something of this process.

use std::any::Any;
use std::sync::Arc;

use crate::error::Result;

/// Memory, or the queue of a listener. The module that made it can take it out again.
#[derive(Debug, Clone)]
pub struct Handle(Arc<dyn Any + Send + Sync>);

pub type HandleRef<'a> = &'a Handle;

impl Handle {
    pub fn new<T: Any + Send + Sync>(object: Arc<T>) -> Self {
        Self(object)
    }

    /// The object, if it is one of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.clone().downcast().ok()
    }
}

pub fn borrow(handle: &Handle) -> HandleRef<'_> {
    handle
}

/// One of its own, for a message that has to wait.
pub fn keep(handle: HandleRef<'_>) -> Result<Handle> {
    Ok(handle.clone())
}
