//! The C functions of macOS that are used here, declared once.
//!
//! `scripts/check-xpc-declarations.py` compares xpc.rs with Apple's header.

pub mod iosurface;
pub mod xpc;
