//! The one error type of the bridge: a stable code, a sentence, and where it happened.

use std::fmt;

/// Stable names: people and the bindings match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The peer sent something that breaks the form; the connection is closed.
    Malformed,
    /// The object was closed before.
    Closed,
    /// A schema is not valid.
    Schema,
    /// A value does not fit its schema.
    Value,
    /// The socket cannot take more now.
    WouldBlock,
    /// A limit was reached (slots, queue, descriptors).
    Exhausted,
    /// A name of memory that meanwhile holds something else.
    Stale,
    /// Another process holds the lock.
    Locked,
    /// The operating system refused.
    Io,
    /// A handle is not an endpoint.
    NotEndpoint,
    /// The other side belongs to another user, or a path is not private.
    Permission,
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Malformed => "malformed",
            Code::Closed => "closed",
            Code::Schema => "schema",
            Code::Value => "value",
            Code::WouldBlock => "would_block",
            Code::Exhausted => "exhausted",
            Code::Stale => "stale",
            Code::Locked => "locked",
            Code::Io => "io",
            Code::NotEndpoint => "not_endpoint",
            Code::Permission => "permission",
        }
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub struct BridgeError {
    pub code: Code,
    pub message: String,
    /// The port whose frame it concerns.
    pub port: Option<String>,
    /// The path of the field inside the frame, `detections[3].label`.
    pub field: Option<String>,
    /// The process that holds a lock.
    pub holder_pid: Option<u32>,
}

pub type Result<T> = std::result::Result<T, BridgeError>;

impl BridgeError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), port: None, field: None, holder_pid: None }
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Code::Malformed, message)
    }

    pub fn value(message: impl Into<String>) -> Self {
        Self::new(Code::Value, message)
    }

    pub fn io(what: &str, error: impl fmt::Display) -> Self {
        Self::new(Code::Io, format!("{what}: {error}"))
    }

    /// Puts the name of the enclosing field before the path: errors build it while they travel outwards.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Self {
        self.field = Some(match self.field.take() {
            None => outer.to_owned(),
            Some(inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            Some(inner) => format!("{outer}.{inner}"),
        });
        self
    }

    #[must_use]
    pub fn on_port(mut self, port: &str) -> Self {
        self.port = Some(port.to_owned());
        self
    }
}

impl fmt::Display for BridgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.port, &self.field) {
            (Some(port), Some(field)) => write!(f, "port {port}, field {field}: ")?,
            (Some(port), None) => write!(f, "port {port}: ")?,
            (None, Some(field)) => write!(f, "field {field}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}
