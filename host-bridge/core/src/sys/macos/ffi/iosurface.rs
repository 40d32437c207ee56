//! IOSurface, and the few functions of CoreFoundation that its creation needs.

#![allow(non_snake_case, non_upper_case_globals)]

use std::ffi::c_void;

use super::xpc::xpc_object_t;

/// `IOSurfaceRef`, `CFDictionaryRef`, `CFNumberRef`, `CFStringRef`: all are CoreFoundation objects.
pub type CFTypeRef = *const c_void;
pub type IOSurfaceRef = *mut c_void;

pub const kIOSurfaceLockReadOnly: u32 = 1;
pub const kCFNumberSInt64Type: isize = 4;

/// Callbacks of a dictionary; only their address is used.
#[repr(C)]
pub struct Callbacks([u8; 0]);

#[cfg_attr(target_vendor = "apple", link(name = "IOSurface", kind = "framework"))]
extern "C" {
    pub static kIOSurfaceWidth: CFTypeRef;
    pub static kIOSurfaceHeight: CFTypeRef;
    pub static kIOSurfaceBytesPerElement: CFTypeRef;
    pub static kIOSurfaceBytesPerRow: CFTypeRef;
    pub static kIOSurfaceAllocSize: CFTypeRef;
    pub static kIOSurfacePixelFormat: CFTypeRef;

    pub fn IOSurfaceCreate(properties: CFTypeRef) -> IOSurfaceRef;
    pub fn IOSurfaceCreateXPCObject(surface: IOSurfaceRef) -> xpc_object_t;
    pub fn IOSurfaceLookupFromXPCObject(object: xpc_object_t) -> IOSurfaceRef;
    pub fn IOSurfaceLock(surface: IOSurfaceRef, options: u32, seed: *mut u32) -> i32;
    pub fn IOSurfaceUnlock(surface: IOSurfaceRef, options: u32, seed: *mut u32) -> i32;
    pub fn IOSurfaceGetBaseAddress(surface: IOSurfaceRef) -> *mut c_void;
    pub fn IOSurfaceGetAllocSize(surface: IOSurfaceRef) -> usize;
    pub fn IOSurfaceGetWidth(surface: IOSurfaceRef) -> usize;
    pub fn IOSurfaceGetHeight(surface: IOSurfaceRef) -> usize;
    pub fn IOSurfaceGetBytesPerRow(surface: IOSurfaceRef) -> usize;
    pub fn IOSurfaceGetPlaneCount(surface: IOSurfaceRef) -> usize;
    pub fn IOSurfaceGetPixelFormat(surface: IOSurfaceRef) -> u32;
    pub fn IOSurfaceIncrementUseCount(surface: IOSurfaceRef);
    pub fn IOSurfaceDecrementUseCount(surface: IOSurfaceRef);
    pub fn IOSurfaceIsInUse(surface: IOSurfaceRef) -> u8;
}

#[cfg_attr(target_vendor = "apple", link(name = "CoreFoundation", kind = "framework"))]
extern "C" {
    pub static kCFTypeDictionaryKeyCallBacks: Callbacks;
    pub static kCFTypeDictionaryValueCallBacks: Callbacks;

    pub fn CFRelease(object: CFTypeRef);
    pub fn CFNumberCreate(allocator: CFTypeRef, number_type: isize, value: *const c_void) -> CFTypeRef;
    pub fn CFDictionaryCreate(
        allocator: CFTypeRef,
        keys: *const CFTypeRef,
        values: *const CFTypeRef,
        count: isize,
        key_callbacks: *const Callbacks,
        value_callbacks: *const Callbacks,
    ) -> CFTypeRef;
}
