//! Compares the declarations of iosurface.rs with the ones that the objc2 project generates from Apple's headers: how many
//! parameters a function has, and how large each and the result are. At compile time, so that a check on Linux finds it too.

#![allow(deprecated, reason = "the generated functions are kept under their C names for just such uses")]

use std::mem::size_of;

use objc2_core_foundation as cf;
use objc2_io_surface as surface;

use super::iosurface as own;

macro_rules! shapes {
    ($($function:ident($($parameter:ident),*) $abi:literal)*) => {
        $(const fn $function<$($parameter,)* R>(_: unsafe extern $abi fn($($parameter),*) -> R) -> [usize; 7] {
            let sizes: &[usize] = &[$(size_of::<$parameter>(),)*];
            let mut shape = [usize::MAX; 7];
            shape[6] = size_of::<R>();
            let mut at = 0;
            while at < sizes.len() {
                shape[at] = sizes[at];
                at += 1;
            }
            shape
        })*
    };
}
shapes! {
    own1(A) "C" own3(A, B, C) "C" own6(A, B, C, D, E, F) "C"
    their1(A) "C-unwind" their3(A, B, C) "C-unwind" their6(A, B, C, D, E, F) "C-unwind"
}

macro_rules! same {
    ($($own:ident $theirs:ident: $($crate_name:ident::$name:ident)*;)*) => {
        $($(const _: () = {
            let (own, theirs) = ($own(own::$name), $theirs($crate_name::$name));
            let mut at = 0;
            while at < own.len() {
                assert!(own[at] == theirs[at], concat!(stringify!($name), " is declared with other sizes than Apple's"));
                at += 1;
            }
        };)*)*
    };
}
same! {
    own1 their1: surface::IOSurfaceCreate surface::IOSurfaceGetBaseAddress surface::IOSurfaceGetAllocSize
        surface::IOSurfaceGetWidth surface::IOSurfaceGetHeight surface::IOSurfaceGetBytesPerRow
        surface::IOSurfaceGetPlaneCount surface::IOSurfaceGetPixelFormat surface::IOSurfaceIncrementUseCount
        surface::IOSurfaceDecrementUseCount surface::IOSurfaceIsInUse;
    own3 their3: surface::IOSurfaceLock surface::IOSurfaceUnlock;
    own3 their3: cf::CFNumberCreate;
    own6 their6: cf::CFDictionaryCreate;
}

const _: () = assert!(own::kIOSurfaceLockReadOnly == surface::IOSurfaceLockOptions::ReadOnly.0);
const _: () = assert!(own::kCFNumberSInt64Type == cf::CFNumberType::SInt64Type.0);

/// The keys are constants whose value is an address, here and there.
#[test]
fn keys_are_the_same_constants() {
    // SAFETY: constants of the system.
    unsafe {
        let pairs = [
            (&raw const own::kIOSurfaceWidth, (&raw const surface::kIOSurfaceWidth).cast()),
            (&raw const own::kIOSurfaceHeight, (&raw const surface::kIOSurfaceHeight).cast()),
            (&raw const own::kIOSurfaceBytesPerElement, (&raw const surface::kIOSurfaceBytesPerElement).cast()),
            (&raw const own::kIOSurfaceBytesPerRow, (&raw const surface::kIOSurfaceBytesPerRow).cast()),
            (&raw const own::kIOSurfaceAllocSize, (&raw const surface::kIOSurfaceAllocSize).cast()),
            (&raw const own::kIOSurfacePixelFormat, (&raw const surface::kIOSurfacePixelFormat).cast()),
        ];
        for (own, theirs) in pairs {
            assert_eq!(own, theirs);
            assert!(!(*own).is_null());
        }
    }
}
