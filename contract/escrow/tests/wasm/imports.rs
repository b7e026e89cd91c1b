// What the committed wasm could do at all.

use crate::common;

// docs/contract-attacks.md D5: what the committed wasm may ask of the ledger at all: its own entries, and the life of those and of the
// instance. Nothing that replaces code, deploys, or extends the life of code. Names are those of soroban-env-common 27.0.1 (env.json, module
// "ledger", exported as "l").
#[test]
fn imports_of_the_wasm() {
    let allowed = [
        ("_", "put_contract_data"),
        ("0", "has_contract_data"),
        ("1", "get_contract_data"),
        ("7", "extend_contract_data_ttl"),
        ("g", "extend_contract_instance_and_code_ttl_v2"), // of the instance alone: lifetimes.rs
    ];
    let mut of_ledger: std::vec::Vec<String> =
        imports(common::ESCROW_WASM).into_iter().filter(|(module, _)| module == "l").map(|(_, name)| name).collect();
    of_ledger.sort();
    let mut names: std::vec::Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    names.sort();
    assert_eq!(of_ledger, names, "\"6\" would be update_current_contract_wasm, \"5\" upload_wasm, \"3\", \"4\" and \"e\" create_contract");
}

// docs/contract.md "Two contracts": the rulebook only computes. It keeps nothing, calls nobody, asks for no signature and announces nothing, so
// whatever it answers, it can move no money by itself.
#[test]
fn the_rulebook_only_computes() {
    // Of the modules of env.json: numbers, maps, vectors, bytes; of the context the ledger's time, comparing, and failing.
    let context = ["0", "4", "5"];
    for (module, name) in imports(common::RULEBOOK_WASM) {
        let computes = ["i", "m", "v", "b"].contains(&module.as_str()) || module == "x" && context.contains(&name.as_str());
        assert!(computes, "{module}.{name}");
    }
}

// Module and name of each import of a wasm.
fn imports(wasm: &[u8]) -> std::vec::Vec<(String, String)> {
    struct Bytes<'a>(&'a [u8]);
    impl Bytes<'_> {
        fn number(&mut self) -> usize {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = self.0[0];
                self.0 = &self.0[1..];
                value |= usize::from(byte & 127) << shift;
                shift += 7;
                if byte < 128 {
                    return value;
                }
            }
        }
        fn take(&mut self, length: usize) -> &[u8] {
            let (taken, rest) = self.0.split_at(length);
            self.0 = rest;
            taken
        }
        fn name(&mut self) -> String {
            let length = self.number();
            String::from_utf8(self.take(length).to_vec()).expect("a name")
        }
    }

    let mut module = Bytes(&wasm[8..]);
    loop {
        let section = module.number();
        let length = module.number();
        let mut body = Bytes(module.take(length));
        if section == 2 {
            return (0..body.number())
                .map(|_| {
                    let import = (body.name(), body.name());
                    assert_eq!(body.number(), 0, "only functions are imported");
                    body.number();
                    import
                })
                .collect();
        }
    }
}
