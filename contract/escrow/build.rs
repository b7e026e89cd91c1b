// The stack of the built contract. The linker's default is a megabyte, and each call pays for all the memory that it starts with, used or
// not: some 140,000 instructions. What is deepest in here, a trade of 20 milestones with its bytes beside it, needs less than a third of this.
const STACK_BYTES: u32 = 48 * 1024;

// Where the rulebook's hash stands, as sha256sum prints it.
const RULEBOOK: &str = "../wasm/stellar_escrow_rulebook.wasm.sha256";

fn main() {
    println!("cargo::rerun-if-changed={RULEBOOK}");
    let line = std::fs::read_to_string(RULEBOOK).expect("the rulebook is built before the escrow, which names it");
    let bytes: Vec<u8> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).expect("a hash in hexadecimal digits")).collect();
    let file = std::path::Path::new(&std::env::var("OUT_DIR").expect("cargo says where to")).join("rulebook.rs");
    std::fs::write(file, format!("{bytes:?}")).expect("the hash is written");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg=-zstack-size={STACK_BYTES}");
        // Numbers that the linker fills in take 5 bytes each unless it is told to write them as short as they are.
        println!("cargo::rustc-link-arg=--compress-relocations");
    }
}
