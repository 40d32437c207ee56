#!/usr/bin/env bash
# Makes .streamlib/bin/streamlib and .streamlib/bin/streamlib-broker: the commands of this checkout, with an environment of their
# own, so that work on StreamLib never meets an installed StreamLib or another checkout. Works with the bash 3.2 of macOS.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
bin="$root/.streamlib/bin"

if command -v sha256sum >/dev/null 2>&1; then
  hash=$(printf '%s' "$root" | sha256sum | cut -c 1-12)
else
  hash=$(printf '%s' "$root" | shasum -a 256 | cut -c 1-12)
fi

# A port of its own for each checkout, below those that the system gives to connections.
port=$((20000 + 0x$(printf '%s' "$hash" | cut -c 1-7) % 12000))

# $1: name of the command; $2: the program, relative to the checkout.
write_proxy() {
  local fresh="$bin/.$1.$$"
  cat >"$fresh" <<EOF
#!/usr/bin/env bash
# Made by scripts/dev-setup.sh. What is already set in the environment wins.
root="$(quote "$root")"
export STREAMLIB_DEV_MODE="\${STREAMLIB_DEV_MODE:-1}"
export STREAMLIB_HOME="\${STREAMLIB_HOME:-\$root/.streamlib}"
export STREAMLIB_BROKER_USUAL_PORT="\${STREAMLIB_BROKER_USUAL_PORT:-$port}"
service=com.tatolab.streamlib.broker.dev-$hash
# Another state directory has another token, so its broker is another one, too.
if [ "\$STREAMLIB_HOME" != "\$root/.streamlib" ]; then
  service="\$service-\$(printf '%s' "\$STREAMLIB_HOME" | cksum | cut -d ' ' -f 1)"
fi
export STREAMLIB_BROKER_XPC_SERVICE="\${STREAMLIB_BROKER_XPC_SERVICE:-\$service}"
exec node "\$root/$2" "\$@"
EOF
  chmod 755 "$fresh"
  mv -f "$fresh" "$bin/$1"
}

# Text that stands between double quotes in the script that is written.
quote() {
  printf '%s' "$1" | sed 's/[\\"$`]/\\&/g'
}

mkdir -p "$bin"
write_proxy streamlib cli/bin/streamlib.js
write_proxy streamlib-broker broker/bin/streamlib-broker.js

if [ "${1:-}" != "--quiet" ]; then
  echo "Made $bin/streamlib and $bin/streamlib-broker (relay service com.tatolab.streamlib.broker.dev-$hash, gRPC port $port, or another one if that is taken)."
  if [ "$(uname -s)" = Darwin ]; then
    echo "launchd gives out the relay's name, so run once: $bin/streamlib broker install"
  fi
fi
