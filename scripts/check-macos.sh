#!/usr/bin/env bash
# Type-checks the native crates for macOS on a Linux machine, where nothing can be linked or run.
#
#   scripts/check-macos.sh            check core, addon and wheel for both processors, and the C declarations
#   scripts/check-macos.sh --prove    plant a type error in the macOS module and see that the check fails
#
# Debian's compiler is used beside the project's own: its package rust-web-src brings the source of the standard library,
# which is what a target without a prebuilt one needs. Cargo and rustc are called by their own paths, because another
# toolchain may stand first in PATH.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }
die() { say "check-macos: $*"; exit 1; }

packages=(rustc-web cargo-web rust-web-src)
installed() { dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

command -v dpkg-query >/dev/null 2>&1 ||
  die "this machine has no dpkg. On a Mac run 'npm run check:macos' instead; elsewhere use a Debian 12 machine or container."
missing=()
for package in "${packages[@]}"; do [[ -n $(installed "$package") ]] || missing+=("$package"); done
if ((${#missing[@]})); then
  [[ $(id -u) == 0 ]] || die "missing Debian packages: ${missing[*]}. Run: sudo apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install ${missing[*]}; they are in Debian 12 and its security updates"
fi
# Another version of the source than of the compiler fails with errors that name neither.
version=$(installed rustc-web)
for package in "${packages[@]}"; do
  [[ $(installed "$package") == "$version" ]] ||
    die "$package is $(installed "$package") and rustc-web is $version; run: apt-get install --only-upgrade ${packages[*]}"
done

export RUSTC=/usr/bin/rustc
cargo=/usr/bin/cargo
[[ -x $RUSTC && -x $cargo ]] || die "rustc-web and cargo-web are installed, but $RUSTC or $cargo is not there"
# The standard library is built with the checked crates, which only a nightly compiler allows without this.
export RUSTC_BOOTSTRAP=1
# Its own folder: another compiler's results must not be mixed with these. Wrappers belong to the other toolchain.
export CARGO_TARGET_DIR=${STREAMLIB_CHECK_MACOS_TARGET:-$root/target/check-macos}
unset RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
# pyo3 asks the target's interpreter otherwise, and there is none.
export PYO3_NO_PYTHON=1 PYO3_CROSS_PYTHON_VERSION=3.11

check() { # check <target> [extra arguments]
  local target=$1
  shift
  "$cargo" check --locked --quiet -Zbuild-std=std,panic_abort --target "$target" \
    -p streamlib-bridge -p streamlib-native -p streamlib-client "$@"
}

# The core's tests too: among them is the comparison of its declarations with generated ones.
check_tests() { # check_tests <target>
  "$cargo" check --locked --quiet -Zbuild-std=std,panic_abort,test --target "$1" -p streamlib-bridge --all-targets
}

targets=(aarch64-apple-darwin x86_64-apple-darwin)

if [[ ${1:-} == --prove ]]; then
  module=host-bridge/core/src/sys/macos/mod.rs
  [[ -f $module ]] || die "$module is not there"
  copy=$(mktemp)
  cp "$module" "$copy"
  # Put back whatever happens: an error left in the checkout would be worse than no proof.
  trap 'cp "$copy" "$module"; rm -f "$copy"' EXIT
  printf '\nconst PLANTED: u32 = "not a number";\n' >>"$module"
  if output=$(check "${targets[0]}" 2>&1); then
    die "a type error in $module was not found: the check checks nothing"
  fi
  grep -q 'E0308' <<<"$output" && grep -q 'PLANTED' <<<"$output" ||
    die "the check failed, but not on the planted error: $output"
  say "check-macos: a planted type error in $module is found"
  exit 0
fi

"$RUSTC" --version >&2
for target in "${targets[@]}"; do
  say "checking core, addon and wheel for $target"
  check "$target"
  check_tests "$target"
done
say "check-macos: the native crates type-check for ${targets[*]}"
