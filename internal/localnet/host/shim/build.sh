#!/bin/sh
# Builds host.wasm, the Soroban host for wasm32-unknown-unknown, the same to the byte wherever it runs.
#
#   build.sh TARGET_DIR     leaves TARGET_DIR/wasm32-unknown-unknown/release/host.wasm
#
# Needs Debian's rustc-web, cargo-web, rust-web-src and lld-19, and the Rust registry. The standard library is compiled along
# (-Zbuild-std, which a released compiler allows only under RUSTC_BOOTSTRAP): Debian ships none for this target that is new enough.
# Cargo runs in an empty environment, so that no RUSTFLAGS, wrapper or profile of the caller gets in, and every directory of this
# machine is mapped to a fixed name, since paths end up in the texts of panics.
set -eu
target=${1:?usage: build.sh TARGET_DIR}
mkdir -p "$target"
target=$(cd "$target" && pwd)
cd "$(dirname "$0")"
here=$(pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}

clean() {
  env -i HOME="$HOME" PATH=/usr/bin:/bin CARGO_HOME="$cargo_home" CARGO_TERM_COLOR=never \
    ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} "$@"
}
clean cargo fetch --locked

sep=$(printf '\037')
# Vectors of 128 bits, which wazero has: without them a call takes 3 % more, since the host moves large values about (docs/decisions/0016).
flags="-Ctarget-feature=+simd128$sep--remap-path-prefix=$here=shim$sep--remap-path-prefix=$target=target$sep--remap-path-prefix=/usr/src=std"
for index in "$cargo_home"/registry/src/*; do
  flags="$flags$sep--remap-path-prefix=$index=crates"
done
set -- RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$target" CARGO_ENCODED_RUSTFLAGS="$flags" \
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-19
# The shim is compiled anew each time: cargo goes by the times of files, and would take an older copy for what it built last.
clean "$@" cargo clean --quiet --locked --workspace --release --target wasm32-unknown-unknown
clean "$@" cargo build --locked --release --lib ${JOBS:+-j "$JOBS"} --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort
