#!/bin/sh
# Builds one contract for wasm32v1-none, the same to the byte wherever it runs.
#
#   build.sh CRATE_DIR TARGET_DIR     leaves TARGET_DIR/wasm32v1-none/release/<crate>.wasm
#
# Needs Debian's rustc-web, cargo-web, rust-web-src, lld-19 and binaryen, and the Rust registry. Cargo runs in an empty environment, so that no
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
# What the network's interpreter knows beyond the first WebAssembly: memory is copied by one instruction instead of a function of 900 bytes,
# and numbers are widened by one instead of two.
features=+bulk-memory,+sign-ext
flags="--sysroot${sep}$sysroot$sep-Ctarget-feature=$features$sep--remap-path-prefix=$tree=stellarescrow$sep--remap-path-prefix=$target=target$sep--remap-path-prefix=/usr/src=std"
for index in "$cargo_home"/registry/src/*; do
  flags="$flags$sep--remap-path-prefix=$index=crates"
done
set -- CARGO_TARGET_DIR="$target" CARGO_TARGET_WASM32V1_NONE_LINKER=wasm-ld-19 CARGO_ENCODED_RUSTFLAGS="$flags"
# Our own crates are compiled anew each time: cargo goes by the times of files, and would take an older copy for what it built last.
clean "$@" cargo clean --quiet --locked --workspace --release --target wasm32v1-none
clean "$@" cargo rustc --locked --release --lib --crate-type cdylib ${JOBS:+-j "$JOBS"} --target wasm32v1-none

# A second optimiser takes off a twentieth, and with it that part of what reading the code costs in every call.
name=$(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | head -1 | tr - _)
built=$target/wasm32v1-none/release/$name.wasm
/usr/bin/wasm-opt -Oz --converge --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --strip-producers \
  --strip-target-features "$built" -o "$built.small"
mv "$built.small" "$built"
