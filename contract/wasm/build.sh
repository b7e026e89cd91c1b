#!/bin/sh
# Builds one contract for wasm32v1-none, the same to the byte wherever it runs.
#
#   build.sh CRATE_DIR TARGET_DIR     leaves TARGET_DIR/wasm32v1-none/release/<crate>.wasm
#
# Needs Debian's rustc-web, cargo-web, rust-web-src and lld-19, and the Rust registry. Cargo runs in an empty environment, so that no
# RUSTFLAGS, wrapper or profile of the caller gets in; the profile is that of the crate's workspace. Each contract is built alone, so
# that no other crate of the workspace turns on features of its dependencies, and as a cdylib only: with an rlib beside it, cargo
# leaves link-time optimisation out. Every directory of this machine is mapped to a fixed name, since paths end up in texts of panics.
set -eu
usage="usage: build.sh CRATE_DIR TARGET_DIR"
crate=$(cd "${1:?$usage}" && pwd)
target=${2:?$usage}
mkdir -p "$target"
target=$(cd "$target" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# A sysroot belongs to its compiler and its recipe.
sysroot=$target/sysroot-$( (/usr/bin/rustc -vV; cat "$here/sysroot.sh") | sha256sum | cut -c1-16)
[ -d "$sysroot" ] || "$here/sysroot.sh" "$sysroot"

clean() {
  env -i HOME="$HOME" PATH=/usr/bin:/bin CARGO_HOME="$cargo_home" CARGO_TERM_COLOR=never \
    ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} "$@"
}
cd "$crate"
clean cargo fetch --locked

sep=$(printf '\037')
flags="--sysroot${sep}$sysroot$sep--remap-path-prefix=$tree=stellarescrow$sep--remap-path-prefix=$target=target$sep--remap-path-prefix=/usr/src=std"
for index in "$cargo_home"/registry/src/*; do
  flags="$flags$sep--remap-path-prefix=$index=crates"
done
set -- CARGO_TARGET_DIR="$target" CARGO_TARGET_WASM32V1_NONE_LINKER=wasm-ld-19 CARGO_ENCODED_RUSTFLAGS="$flags"
# Our own crates are compiled anew each time: cargo goes by the times of files, and would take an older copy for what it built last.
clean "$@" cargo clean --quiet --locked --workspace --release --target wasm32v1-none
clean "$@" cargo rustc --locked --release --lib --crate-type cdylib ${JOBS:+-j "$JOBS"} --target wasm32v1-none
