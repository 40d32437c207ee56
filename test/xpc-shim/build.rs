//! `block2` names Apple's Objective-C library when it is linked, of which blocks need nothing: an empty archive stands for it.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
        std::fs::write(out.join("libobjc.a"), "!<arch>\n").expect("OUT_DIR can be written");
        println!("cargo:rustc-link-search=native={}", out.display());
    }
}
