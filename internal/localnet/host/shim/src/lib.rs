//! The Soroban host as a WebAssembly module with three imports: `abi` is its outside, `engine` what it does, `frame` how requests
//! and replies are laid out, `multiply` the compiler's multiplication of 128 bits, made shorter.

mod engine;
mod frame;

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(target_family = "wasm")]
mod multiply;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
