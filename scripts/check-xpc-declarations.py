#!/usr/bin/env python3
"""Compares the declarations of host-bridge/core/src/sys/macos/ffi/xpc.rs with Apple's own header.

Every function is declared a second time in C, from its Rust declaration, after the header: a compiler refuses two
declarations that differ. Header and compiler come with the package ziglang, which cross-compiles for macOS.

    check-xpc-declarations.py            check
    check-xpc-declarations.py --prove    give each function a parameter too many, and see that it is refused
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUST = ROOT / "host-bridge/core/src/sys/macos/ffi/xpc.rs"
# The oldest system that the functions in use have to be there on: the one with requirements on a peer's signature.
TARGET = "aarch64-macos.12.0"

HEAD = ["#include <stdbool.h>", "#include <sys/types.h>", "#include <xpc/xpc.h>", ""]

SCALARS = {
    "bool": "bool",
    "i64": "int64_t",
    "u64": "uint64_t",
    "f64": "double",
    "usize": "size_t",
    "c_int": "int",
    "c_char": "char",
    "c_void": "void",
}
NAMED = {
    "xpc_object_t",
    "xpc_connection_t",
    "xpc_endpoint_t",
    "xpc_type_t",
    "dispatch_queue_t",
    "xpc_handler_t",
    "xpc_dictionary_applier_t",
    "dispatch_block_t",
    "uid_t",
    "pid_t",
}
# Constants of which the header has a macro of the same name.
CONSTANT = re.compile(r"pub const (XPC_\w+): u64 = (.+);")
STATIC = re.compile(r"pub static (\w+): Opaque;")
FUNCTION = re.compile(r"pub fn (\w+)\s*\(([^)]*)\)(?:\s*->\s*([^;]+))?;", re.S)


def c_type(rust: str) -> str:
    rust = rust.strip()
    for prefix, suffix in (("*const ", " const *"), ("*mut ", " *")):
        if rust.startswith(prefix):
            return c_type(rust[len(prefix) :]) + suffix
    if rust in SCALARS:
        return SCALARS[rust]
    if rust in NAMED:
        return rust
    raise SystemExit(f"{RUST}: no C type is known for {rust!r}; add it to {Path(__file__).name}")


def declarations(source: str) -> list[tuple[str, str, list[str]]]:
    """Name, type of the result, types of the parameters."""
    found = []
    for name, parameters, result in FUNCTION.findall(source):
        types = [c_type(p.split(":", 1)[1]) for p in parameters.split(",") if p.strip()]
        found.append((name, c_type(result) if result else "void", types))
    return found


def prototype(name: str, result: str, types: list[str]) -> str:
    return f"{result} {name}({', '.join(types) or 'void'});"


def compile_c(text: str) -> str:
    """What the compiler has to say; empty when it is content."""
    with tempfile.TemporaryDirectory() as directory:
        source, result = Path(directory, "check.c"), Path(directory, "check.o")
        source.write_text(text)
        # A second declaration says nothing of nullability, and need not.
        flags = ["-fblocks", "-Wall", "-Werror", "-Wunguarded-availability", "-Wno-nullability-completeness"]
        command = [sys.executable, "-m", "ziglang", "cc", "-target", TARGET, *flags, "-c", str(source), "-o", str(result)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr or "the compiler failed without a word"


def check(source: str) -> None:
    functions = declarations(source)
    statics = STATIC.findall(source)
    constants = CONSTANT.findall(source)
    if len(functions) < 30 or len(statics) < 10 or not constants:
        raise SystemExit(f"{RUST}: only {len(functions)} functions were understood; the script no longer reads this file")
    lines = HEAD + [prototype(*function) for function in functions]
    lines += [f"_Static_assert({name} == ({value}), \"{name}\");" for name, value in constants]
    lines += ["void use(void);", "void use(void) {"]
    lines += [f"  (void)&{name};" for name in statics + [name for name, _, _ in functions]]
    lines += ["}", ""]
    said = compile_c("\n".join(lines))
    if said:
        raise SystemExit(f"{RUST} does not fit Apple's header:\n{said}")
    print(f"check-xpc-declarations: {len(functions)} functions, {len(statics)} objects and {len(constants)} constants of {RUST.name} fit Apple's header")

    if "--prove" in sys.argv[1:]:
        for name, result, types in functions:
            said = compile_c("\n".join([*HEAD, prototype(name, result, [*types, "int"]), ""]))
            if f"conflicting types for '{name}'" not in said:
                raise SystemExit(f"{name} with a parameter too many was not refused: the check checks nothing\n{said}")
        print(f"check-xpc-declarations: each of the {len(functions)} functions is refused with a parameter too many")


if __name__ == "__main__":
    check(RUST.read_text())
