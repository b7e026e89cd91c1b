// Replays contract/vectors/stories, whose format contract/vectors/README.md documents, against both builds of the contract: after every step
// the answer, what was returned, all events, every balance and what is owed must be what the story says.

mod args;
mod json;
mod values;

use crate::common;
use common::{builds, mutant, Build, World};
use json::{amount_of, fields, limits, merge, number, text};
use serde_json::Value;
use soroban_sdk::testutils::Address as _;
use soroban_sdk::xdr::ScVal;
use soroban_sdk::{Address, Env};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use stellar_escrow::{Owed, Terms};
use token_fixture::Mode;

const START: u64 = 1_700_000_000;

#[test]
fn stories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let defaults = read(&folder.join("defaults.json"));
    let mut files = std::vec::Vec::new();
    find(&folder.join("stories"), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no stories in {}", folder.display());

    let stories: std::vec::Vec<_> = files.iter().map(|file| (file, read(file))).collect();

    let mut failures = std::vec::Vec::new();
    let mut steps = 0;
    for (file, story) in &stories {
        for build in builds().iter().copied() {
            match quietly(|| Reader::new(build, story, &defaults).tell()) {
                Ok(Ok(count)) => steps += count,
                Ok(Err(problem)) => failures.push(format!("{} ({build:?}): {problem}", file.display())),
                Err(panic) => failures.push(format!("{} ({build:?}): panicked: {}", file.display(), panic_text(&panic))),
            }
        }
        if mutant() && !failures.is_empty() {
            break;
        }
    }
    println!("{} stories, {steps} steps in {} builds, {} failures", files.len(), builds().len(), failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

std::thread_local! {
    static QUIET: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

// Runs what may panic, and says nothing of it: the SDK panics where a constructor refuses, and a story may expect that. Tests beside this one
// are heard.
fn quietly<T>(run: impl FnOnce() -> T) -> std::thread::Result<T> {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    QUIET.set(true);
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    QUIET.set(false);
    told
}

fn panic_text(panic: &Box<dyn std::any::Any + Send>) -> String {
    panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default()
}

fn find(folder: &Path, files: &mut std::vec::Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("parse {}: {error}", path.display()))
}

struct Reader<'a> {
    world: World,
    story: &'a Value,
    // What the story's platform is, after the defaults.
    platform: Value,
    actors: BTreeMap<String, Address>,
    terms: BTreeMap<String, Terms>,
    // What the story has said so far.
    balances: BTreeMap<String, i128>,
    owed: Owed,
}

impl<'a> Reader<'a> {
    fn new(build: Build, story: &'a Value, defaults: &Value) -> Reader<'a> {
        let mut platform = defaults["platform"].clone();
        merge(&mut platform, &story["platform"]);
        let people = std::cell::RefCell::new(BTreeMap::new());
        let world = World::new(
            build,
            START,
            &|env| {
                let (admin, receiver) = (Address::generate(env), Address::generate(env));
                people.borrow_mut().insert("admin".to_string(), admin.clone());
                people.borrow_mut().insert("receiver".to_string(), receiver.clone());
                (admin, receiver)
            },
            number(&platform["fee_bps"]) as u32,
            &limits(&platform["limits"]),
        );
        let mut actors = people.into_inner();
        for name in story["actors"].as_array().expect("actors") {
            actors.insert(text(name).to_string(), Address::generate(&world.env));
        }
        let mut balances: BTreeMap<String, i128> = actors.keys().map(|name| (name.clone(), 0)).collect();
        balances.insert("contract".to_string(), 0);
        actors.insert("contract".to_string(), world.escrow.clone());
        actors.insert("token".to_string(), world.token.clone());
        let mut reader = Reader { world, story, platform, actors, terms: BTreeMap::new(), balances, owed: Owed { fees: 0, total: 0 } };
        for (name, amount) in fields(&story["balances"]) {
            reader.world.token().mint(&reader.actors[name], &amount_of(amount));
            reader.balances.insert(name.clone(), amount_of(amount));
        }
        for (name, said) in fields(&story["terms"]) {
            let mut terms = defaults["terms"].clone();
            merge(&mut terms, said);
            let terms = reader.terms_of(name, &terms, said);
            reader.terms.insert(name.clone(), terms);
        }
        reader
    }

    fn env(&self) -> &Env {
        &self.world.env
    }

    // Replays all steps; answers how many.
    fn tell(mut self) -> Result<usize, String> {
        let steps = self.story["steps"].as_array().ok_or("no steps")?;
        if steps.is_empty() {
            return Err("no steps".into());
        }
        for (index, step) in steps.iter().enumerate() {
            self.step(step).map_err(|problem| format!("step {index}, {}: {problem}", brief(step)))?;
        }
        Ok(steps.len())
    }

    fn step(&mut self, step: &Value) -> Result<(), String> {
        if let Some(at) = step.get("at") {
            let at = self.time(at);
            if at < self.world.now() {
                return Err("earlier than the step before".into());
            }
            self.world.set_now(at);
        }
        if step.get("world").is_some() {
            self.act(step);
        } else {
            self.call(step)?;
        }
        for (name, amount) in fields(&step["balances"]) {
            self.balances.insert(name.clone(), amount_of(amount));
        }
        if let Some(owed) = step.get("owed") {
            self.owed = Owed { fees: amount_of(&owed["fees"]), total: amount_of(&owed["total"]) };
        }
        for (name, want) in &self.balances {
            let got = self.world.token().held(&self.actors[name]);
            if got != *want {
                return Err(format!("balance of {name}: got {got}, want {want}"));
            }
        }
        let owed = self.world.client().owed(&self.world.token);
        if owed != self.owed {
            return Err(format!("owed: got {owed:?}, want {:?}", self.owed));
        }
        Ok(())
    }

    fn act(&self, step: &Value) {
        let token = self.world.token();
        let on = step["on"].as_bool().unwrap_or(false);
        let actor = || &self.actors[text(&step["actor"])];
        match text(&step["world"]) {
            "block" => token.block(actor(), &on),
            "freeze" => token.mode(if on { &Mode::Refuse } else { &Mode::Honest }),
            "tax" => match number(&step["bps"]) {
                0 => token.mode(&Mode::Honest),
                bps => token.mode(&Mode::FeeBps(bps as u32)),
            },
            "seize" => token.mint(actor(), &-amount_of(&step["amount"])),
            "mint" => token.mint(actor(), &amount_of(&step["amount"])),
            act => panic!("no act of the world is called {act}"),
        }
    }

    fn call(&self, step: &Value) -> Result<(), String> {
        let function = text(&step["call"]);
        let want = text(&step["expect"]);
        let (got, events) = if function == "deploy" {
            (self.deploy(&step["args"]).map(|()| ScVal::Void), std::vec::Vec::new())
        } else {
            let signer = match text(&step["as"]) {
                "nobody" => None,
                name => Some(&self.actors[name]),
            };
            let deposit = step.get("deposit").map(amount_of);
            let answer = self.world.call(signer, function, self.args(step, function), deposit);
            (answer.map(|value| self.world.scval(value)).map_err(common::refusal), self.world.events())
        };
        match &got {
            Ok(_) if want != "ok" => return Err(format!("answer: got ok, want {want}")),
            Err(code) if want != code => return Err(format!("answer: got {code}, want {want}")),
            _ => {}
        }
        if let (Ok(got), Some(want)) = (&got, step.get("returns")) {
            if !self.same(want, got) {
                return Err(format!("returns: got {got:?}, want {want}"));
            }
        }

        let wanted = step["events"].as_array().map_or(&[][..], |events| events);
        for (index, event) in events.iter().enumerate() {
            let want = wanted.get(index).ok_or_else(|| format!("one event too many: {event:?}"))?;
            let (name, data) = want.as_array().and_then(|want| want.split_first()).ok_or("an event is a list")?;
            if event.name != text(name)
                || event.data.len() != data.len()
                || !data.iter().zip(&event.data).all(|(want, got)| self.same(want, got))
            {
                return Err(format!("event {index}: got {event:?}, want {want}"));
            }
            let topics = match (function, step.get("trade")) {
                (_, Some(trade)) => vec![self.world.scval(self.id(text(trade)))],
                ("collect", None) => vec![self.world.scval(&self.actors[text(&step["args"]["asset"])])],
                _ => vec![],
            };
            if event.topics != topics {
                return Err(format!("event {index}: topics: got {:?}, want {topics:?}", event.topics));
            }
        }
        match wanted.get(events.len()) {
            Some(missing) => Err(format!("no such event: {missing}")),
            None => Ok(()),
        }
    }

    // Deploys another escrow, in a ledger of its own: the SDK panics where the constructor refuses.
    fn deploy(&self, args: &Value) -> Result<(), String> {
        let mut platform = self.platform.clone();
        merge(&mut platform, args);
        let build = self.world.build;
        let deployed = std::panic::catch_unwind(|| {
            let env = common::env(START);
            let here = Address::generate(&env);
            let receiver = match args.get("fee_receiver").map(text) {
                Some("contract") => here.clone(),
                _ => Address::generate(&env),
            };
            let args = (Address::generate(&env), number(&platform["fee_bps"]) as u32, receiver, limits(&platform["limits"]));
            common::deploy_at(&env, build, &here, args);
        });
        deployed.map_err(|panic| {
            let panic = panic_text(&panic);
            let code = panic.split("Error(Contract, #").nth(1).and_then(|rest| rest.split(')').next()).and_then(|code| code.parse().ok());
            code.map_or(panic, |code| common::refusal(soroban_sdk::Error::from_contract_error(code)))
        })
    }
}

fn brief(step: &Value) -> String {
    match step.get("call") {
        Some(call) => format!("at {}, {} by {}", step["at"], text(call), text(&step["as"])),
        None => format!("at {}, {}", step["at"], step["world"]),
    }
}
