//! Multiplication of 128 bits, as the compiler asks for it: wasm32 has no instruction for it, nor for seeing whether a product of 64 bits overflows.

/// Replaces compiler_builtins' function of the same name. The host charges its budget at every step, with two to seven saturating multiplications, each a
/// call of it; the one replaced took a quarter of a transfer's time (docs/decisions/0016). Nearly all are of small numbers, which one instruction multiplies.
#[no_mangle]
extern "C" fn __multi3(a: u128, b: u128) -> u128 {
    const HALF: u64 = u32::MAX as u64;
    let (a_low, a_high, b_low, b_high) = (a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64);
    if a_high | b_high | (a_low | b_low) >> 32 == 0 {
        return u128::from(a_low.wrapping_mul(b_low));
    }
    // By halves, as on paper. No sum of these overflows but those that reach beyond the result.
    let (a0, a1, b0, b1) = (a_low & HALF, a_low >> 32, b_low & HALF, b_low >> 32);
    let units = a0.wrapping_mul(b0);
    let crossed = a1.wrapping_mul(b0).wrapping_add(units >> 32);
    let middle = a0.wrapping_mul(b1).wrapping_add(crossed & HALF);
    let high = a1
        .wrapping_mul(b1)
        .wrapping_add(crossed >> 32)
        .wrapping_add(middle >> 32)
        .wrapping_add(a_low.wrapping_mul(b_high))
        .wrapping_add(a_high.wrapping_mul(b_low));
    u128::from(high) << 64 | u128::from(middle << 32 | units & HALF)
}
