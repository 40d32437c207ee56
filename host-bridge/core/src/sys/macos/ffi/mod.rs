//! The C functions of macOS that are used here, declared once.
//!
//! `scripts/check-xpc-declarations.py` compares xpc.rs with Apple's header.

pub mod iosurface;
#[cfg(all(test, target_os = "macos"))]
mod shapes;
pub mod xpc;
