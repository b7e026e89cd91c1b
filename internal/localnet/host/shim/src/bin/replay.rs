//! Runs one recorded request natively, as often as it is told: what the WebAssembly build is measured beside (test/bench). It is in no module.
//!
//!     replay FILE     FILE: `u32 op | request | u32 n | n * (key, entry)`, the entries as `Ledger` gives them
//!
//! For each line of its input, a number of rounds, it answers with the nanoseconds they took and the reply in hexadecimal.

#[allow(dead_code)]
#[path = "../engine.rs"]
mod engine;
#[allow(dead_code)]
#[path = "../frame.rs"]
mod frame;

use engine::{Engine, Ledger, Refusal};
use frame::Reader;
use std::{
    collections::BTreeMap,
    error::Error,
    io::{stdin, BufRead},
    rc::Rc,
    time::Instant,
};

struct Recorded(BTreeMap<Vec<u8>, Vec<u8>>);

impl Ledger for Recorded {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: replay FILE")?;
    let raw = std::fs::read(&path)?;
    let mut r = Reader(&raw);
    let op = r.u32()?;
    let request = r.blob()?;
    let mut entries = BTreeMap::new();
    for _ in 0..r.count()? {
        let key = r.blob()?.to_vec();
        entries.insert(key, r.blob()?.to_vec());
    }
    r.end()?;

    let mut engine = Engine::new(Rc::new(Recorded(entries))).map_err(told)?;
    engine.configure().map_err(told)?;
    let run = |engine: &Engine| match op {
        1 => engine.invoke(request),
        2 => engine.simulate(request),
        _ => Err("it replays what is invoked and what is simulated".into()),
    };
    for line in stdin().lock().lines() {
        let rounds: u32 = line?.trim().parse()?;
        let mut reply = vec![];
        let began = Instant::now();
        for _ in 0..rounds {
            reply = run(&engine).map_err(told)?;
        }
        let took = began.elapsed().as_nanos();
        let hex: String = reply.iter().map(|b| format!("{b:02x}")).collect();
        println!("{took} {hex}");
    }
    Ok(())
}

fn told(refusal: Refusal) -> String {
    match refusal {
        Refusal::Because(reason) => reason,
        Refusal::Archived(_) => "an entry is archived and not listed for restoring".into(),
    }
}
