#!/bin/sh
# Builds core, compiler_builtins and alloc for wasm32v1-none into a sysroot: half a minute, 50 MB.
#
#   sysroot.sh SYSROOT
#
# Debian has the standard library's sources (rust-web-src) but no build of them for this target. rustc alone does it, without cargo
# -Zbuild-std, which would have every contract build fetch the library's own dependencies; the contracts come out the same to the
# byte. The library belongs to its compiler: a toolchain from elsewhere cannot compile Debian's copy.
set -eu
sysroot=${1:?usage: sysroot.sh SYSROOT}
target=wasm32v1-none
library=/usr/src/rustc-$(/usr/bin/rustc --version | cut -d' ' -f2)/library
if [ ! -d "$library" ]; then
  echo "sysroot.sh: $library is missing: install Debian's rust-web-src of the same version as rustc-web" >&2
  exit 2
fi

# Built beside its final place and moved there, so that an interrupted build leaves nothing that looks finished.
half=$sysroot.half
rm -rf "$half"
lib=$half/lib/rustlib/$target/lib
mkdir -p "$lib"

crate() { # NAME SOURCE [RUSTC-OPTION...]
  name=$1 source=$2
  shift 2
  env -i PATH=/usr/bin:/bin RUSTC_BOOTSTRAP=1 /usr/bin/rustc --crate-name "$name" --crate-type rlib "$library/$source" \
    --target $target --edition 2024 --sysroot "$half" -L "$lib" --out-dir "$lib" --remap-path-prefix=/usr/src=std \
    -Ctarget-feature=+bulk-memory,+sign-ext -Copt-level=3 -Cpanic=abort -Cdebug-assertions=off -Coverflow-checks=off -Cembed-bitcode=yes -Ccodegen-units=1 \
    -Zforce-unstable-if-unmarked --cap-lints allow -Cmetadata="$name" -Cextra-filename=-w "$@"
}
crate core core/src/lib.rs
crate compiler_builtins compiler-builtins/compiler-builtins/src/lib.rs --extern core="$lib/libcore-w.rlib" \
  --cfg 'feature="compiler-builtins"' --cfg 'feature="mem"' --cfg 'feature="unmangled-names"'
crate alloc alloc/src/lib.rs --extern core="$lib/libcore-w.rlib" --extern compiler_builtins="$lib/libcompiler_builtins-w.rlib"
rm -rf "$sysroot"
mv "$half" "$sysroot"
