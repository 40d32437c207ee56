#!/usr/bin/env bash
# What can be told about macOS on this machine: `npm run check:macos`.
#
#   On Linux (Debian): the native crates are type-checked and linted for both kinds of Mac, the declarations of XPC are compared with
#   Apple's header, and the macOS module is executed over a library that stands in for XPC and IOSurface.
#   On a Mac: the same tests over the real ones.
#
#   scripts/check-macos.sh            all of that
#   scripts/check-macos.sh types      only types and lints           (Linux)
#   scripts/check-macos.sh header     only the comparison            (Linux)
#   scripts/check-macos.sh run        only the execution             (Linux)
#   scripts/check-macos.sh --prove    plant errors, and see that the checks find them (Linux)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
ffi=host-bridge/core/src/sys/macos/ffi

say() { printf '%s\n' "$*"; }
die() {
  printf 'check-macos: %s\n' "$*" >&2
  exit 1
}

# ---- on a Mac -------------------------------------------------------------------------------------------------------

mac() {
  local failed=0 total=0
  step() { # step <what> <command…>
    local what=$1 log
    shift
    total=$((total + 1))
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
      say "✓ $what"
    else
      failed=$((failed + 1))
      say "✗ $what"
      sed 's/^/    /' "$log"
    fi
    rm -f "$log"
  }
  say "macOS $(sw_vers -productVersion) ($(sw_vers -buildVersion)), $(uname -m), $(cargo --version), node $(node --version)"
  step "property lists are well-formed" sh -c 'plutil -lint launchd/*.plist'
  # shellcheck disable=SC2016
  step "shell scripts are understood by this bash" sh -c 'for f in scripts/*.sh .ci/run; do /bin/bash -n "$f" || exit 1; done'
  step "declarations have the sizes of Apple's" cargo test --quiet -p streamlib-bridge --lib
  step "conformance over XPC and IOSurface" cargo test --quiet -p streamlib-bridge --test conformance
  step "frames of any schema over XPC" cargo test --quiet -p streamlib-bridge --test round_trip
  step "the Node addon builds" node scripts/bootstrap.mjs scripts/build-native.ts
  step "TypeScript compiles" npx tsc -b
  step "connections between Node processes" npx vitest run host-bridge/src/channel/connection.spec.ts
  step "frames in memory, seen from Node" npx vitest run host-bridge/src/memory
  say "check-macos: $((total - failed)) of $total passed. docs/macos.md says what each of them means."
  [[ $failed == 0 ]]
}

# ---- on Linux -------------------------------------------------------------------------------------------------------

# Debian's compiler is used beside the project's own: its package rust-web-src brings the source of the standard library,
# which is what a target without a prebuilt one needs. libblocksruntime-dev runs blocks, which XPC takes as callbacks.
compiler=(rustc-web cargo-web rust-web-src rust-web-clippy)
packages=("${compiler[@]}" libblocksruntime-dev)
installed() { dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

prepare() {
  command -v dpkg-query >/dev/null 2>&1 || die "this machine has no dpkg; use a Mac, or a Debian 12 machine or container"
  local missing=() package version
  for package in "${packages[@]}"; do [[ -n $(installed "$package") ]] || missing+=("$package"); done
  if ((${#missing[@]})); then
    [[ $(id -u) == 0 ]] || die "missing Debian packages: ${missing[*]}. Run: sudo apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >/dev/null; then
      die "apt-get could not install ${missing[*]}; they are in Debian 12 and its security updates"
    fi
  fi
  # Another version of the source than of the compiler fails with errors that name neither.
  version=$(installed rustc-web)
  for package in "${compiler[@]}"; do
    [[ $(installed "$package") == "$version" ]] ||
      die "$package is $(installed "$package") and rustc-web is $version; run: apt-get install --only-upgrade ${compiler[*]}"
  done
  # By their own paths: another toolchain may stand first in PATH.
  export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
  # Clippy asks CARGO.
  export CARGO=/usr/bin/cargo
  cargo=$CARGO clippy=/usr/bin/cargo-clippy
  for program in "$RUSTC" "$cargo" "$clippy"; do
    [[ -x $program ]] || die "${compiler[*]} are installed, but $program is not there"
  done
  # The standard library is built with the checked crates, which only a nightly compiler allows without this.
  export RUSTC_BOOTSTRAP=1
  # Its own folder: another compiler's results must not be mixed with these. Wrappers belong to the other toolchain.
  export CARGO_TARGET_DIR=${STREAMLIB_CHECK_MACOS_TARGET:-$root/target/check-macos}
  unset RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
  # pyo3 asks the target's interpreter otherwise, and there is none.
  export PYO3_NO_PYTHON=1 PYO3_CROSS_PYTHON_VERSION=3.11
}

targets=(aarch64-apple-darwin x86_64-apple-darwin)

# Types and lints in one: clippy is the compiler's front end with more to say.
check() { # check <target>: core, addon and wheel, and their tests
  # Among the core's tests is the comparison of its declarations of IOSurface with generated ones.
  "$clippy" clippy --locked --quiet -Zbuild-std=std,panic_abort,test --target "$1" --all-targets \
    -p streamlib-bridge -p streamlib-native -p streamlib-client -- -D warnings
}

types() {
  local target
  for target in "${targets[@]}"; do
    check "$target" || return 1
    say "✓ core, addon, wheel and their tests type-check for $target, and clippy has nothing to say ($("$RUSTC" --version))"
  done
}

# A release of ziglang holds the header and a compiler that understands it.
zig=0.17.0
header() {
  local venv=$CARGO_TARGET_DIR/python
  if [[ ! -x $venv/bin/python ]] || ! "$venv/bin/python" -m ziglang version 2>/dev/null | grep -qx "$zig"; then
    say "installing ziglang $zig"
    if ! { python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "ziglang==$zig"; }; then
      die "ziglang $zig could not be installed from the package index; Apple's header comes with it"
    fi
  fi
  export ZIG_GLOBAL_CACHE_DIR=$CARGO_TARGET_DIR/zig ZIG_LOCAL_CACHE_DIR=$CARGO_TARGET_DIR/zig
  "$venv/bin/python" scripts/check-xpc-declarations.py "$@"
}

execute() {
  # What is compiled for Linux only: the test library, and the module over it.
  "$clippy" clippy --locked --quiet -p streamlib-bridge -p streamlib-native --features macos-shim --all-targets -- -D warnings
  "$cargo" test --locked --quiet -p streamlib-bridge --features macos-shim --all-targets
  say "✓ the macOS module does what it should over the test library, and leaves nothing"
  [[ -x node_modules/.bin/vitest ]] || die "node_modules is not there; run 'npm run setup' first"
  "$cargo" build --locked --quiet -p streamlib-native --features macos-shim
  # A copy of the package with this addon in it: the one in dist is the real one, and stays.
  local world=$CARGO_TARGET_DIR/node copy=$CARGO_TARGET_DIR/node/host-bridge
  rm -rf "$world"
  mkdir -p "$copy/native"
  cp -R host-bridge/native/npm "$copy/native"
  cp -R host-bridge/src host-bridge/package.json host-bridge/tsconfig.json "$copy"
  sed -i "s|\"\.\./tsconfig|\"$root/tsconfig|" "$copy/tsconfig.json"
  ln -s "$root/node_modules" "$world/node_modules"
  node_modules/.bin/tsc -p "$copy"
  mkdir -p "$copy/dist/native"
  cp "$CARGO_TARGET_DIR/debug/libstreamlib_native.so" "$copy/dist/native/streamlib.node"
  # Both are about sockets. macos_hostile.rs stands in the place of the one; accepting over XPC takes no descriptor.
  node_modules/.bin/vitest run --root "$world" --config "$root/vitest.config.ts" \
    --exclude '**/hostile.spec.ts' --exclude '**/listener.spec.ts' --reporter=dot
  say "✓ Node speaks over the macOS module, within and between processes"
}

# plant <file> <sed expression> <what the compiler must say> <command…>
plant() {
  local file=$1 change=$2 wanted=$3 output copy
  shift 3
  copy=$(mktemp)
  cp "$file" "$copy"
  # Put back whatever happens: an error left in the checkout would be worse than no proof.
  # shellcheck disable=SC2064
  trap "cp '$copy' '$file'; rm -f '$copy'" EXIT
  sed -i "$change" "$file"
  cmp -s "$file" "$copy" && die "nothing could be planted in $file"
  if output=$("$@" 2>&1); then
    die "an error planted in $file was not found: the check checks nothing"
  fi
  cp "$copy" "$file"
  rm -f "$copy"
  trap - EXIT
  grep -q "$wanted" <<<"$output" || die "with an error planted in $file the check failed for another reason: $output"
  say "✓ an error planted in $file is found"
}

prove() {
  # shellcheck disable=SC2016
  plant host-bridge/core/src/sys/macos/mod.rs '$a const PLANTED: u32 = "not a number";' PLANTED check "${targets[0]}"
  plant $ffi/iosurface.rs 's/fn IOSurfaceGetPlaneCount(surface: IOSurfaceRef) -> usize/fn IOSurfaceGetPlaneCount(surface: IOSurfaceRef) -> u32/' \
    'IOSurfaceGetPlaneCount is declared with other sizes' check "${targets[0]}"
  # shellcheck disable=SC2016
  plant host-bridge/core/src/sys/macos/mod.rs '$a pub fn planted(n: &Vec<u8>) -> bool { return n.len() == 0; }' \
    'clippy::needless_return' check "${targets[0]}"
  plant $ffi/xpc.rs 's/fn xpc_shmem_create(region: \*mut c_void, length: usize)/fn xpc_shmem_create(region: *mut c_void, length: u64)/' \
    "conflicting types for 'xpc_shmem_create'" header
  header --prove
}

if [[ $(uname -s) == Darwin ]]; then
  [[ $# == 0 ]] || die "on a Mac there is one check: all of it"
  mac
  exit
fi

prepare
case ${1:-} in
  '') types && header && execute ;;
  types) types ;;
  header) header ;;
  run) execute ;;
  --prove) prove ;;
  *) die "unknown argument ${1}: types, header, run or --prove" ;;
esac
