//! Everything that touches soroban-env-host and soroban-simulation. The order of fields in requests and replies is that of the Go
//! package which embeds the module (invoke.go, simulate.go, fees.go).

use crate::frame::{Bad, Reader, Writer};
use soroban_env_host::{
    budget::{AsBudget, Budget},
    e2e_invoke::{entry_size_for_rent, extract_rent_changes, invoke_host_function, LedgerEntryChange, RecordingInvocationAuthMode},
    fees::{compute_rent_fee, compute_transaction_resource_fee, LedgerEntryRentChange, TransactionResources},
    ledger_info::get_key_durability,
    storage::{EntryWithLiveUntil, SnapshotSource},
    vm::VersionedContractCodeCostInputs,
    xdr::{
        AccountId, ContractCodeEntry, ContractCodeEntryExt, ContractCostParamEntry, ContractCostParams, ContractCostType,
        ContractDataDurability, ExtensionPoint, Hash, HostFunction, LedgerEntry, LedgerEntryData, LedgerKey, Limits, ReadXdr, ScError,
        ScErrorCode, ScErrorType, SorobanAuthorizationEntry, SorobanResources, TtlEntry, WriteXdr,
    },
    CompilationContext, Error, ErrorHandler, HostError, LedgerInfo, ModuleCache, Val, DEFAULT_XDR_RW_LIMITS,
};
use soroban_simulation::{
    simulation::{simulate_extend_ttl_op, simulate_invoke_host_function_op, simulate_restore_op, SimulationAdjustmentConfig},
    NetworkConfig,
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// Where ledger entries come from, as frames: `u32 has_ttl | u32 live_until | LedgerEntry`.
pub trait Ledger {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;
}

/// Why a request was not run.
pub enum Refusal {
    Because(String),
    /// The key of an archived entry that is not to be restored.
    Archived(Vec<u8>),
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Refusal::Because(reason.into())
    }
}

fn text(e: impl core::fmt::Debug) -> Refusal {
    Refusal::Because(format!("{e:?}"))
}

/// An error of soroban-simulation with all its causes.
fn chain(e: impl core::fmt::Display) -> Refusal {
    Refusal::Because(format!("{e:#}"))
}

/// Names the part of a request that could not be read.
fn bad<E: core::fmt::Display>(what: &'static str) -> impl Fn(E) -> Refusal {
    move |e| Refusal::Because(format!("{what}: {e}"))
}

type Out = Result<Vec<u8>, Refusal>;

// Flags of a request (invoke.go).
const DIAGNOSTICS: u32 = 1;
const ENFORCE_AUTH: u32 = 1 << 1;
const NON_ROOT_AUTH: u32 = 1 << 2;
const ADDRESS_V2: u32 = 1 << 3;
const NO_ADJUSTMENT: u32 = 1 << 4;

/// What the module cache wants to know of its surroundings. Validators do not charge a transaction for compiling a contract that is
/// on the ledger, hence a budget without limits.
#[derive(Clone)]
struct Compiling(Budget);

impl AsBudget for Compiling {
    fn as_budget(&self) -> &Budget {
        &self.0
    }
}

impl ErrorHandler for Compiling {
    fn map_err<T, E>(&self, res: Result<T, E>) -> Result<T, HostError>
    where
        Error: From<E>,
        E: core::fmt::Debug,
    {
        res.map_err(|e| HostError::from(Error::from(e)))
    }

    fn error(&self, error: Error, _msg: &str, _args: &[Val]) -> HostError {
        HostError::from(error)
    }
}

impl CompilationContext for Compiling {}

/// The ledger as soroban-simulation reads it, which asks for an entry three to five times: it is read once, since nothing changes it meanwhile.
struct Source {
    ledger: Rc<dyn Ledger>,
    known: RefCell<BTreeMap<Rc<LedgerKey>, Option<EntryWithLiveUntil>>>,
}

impl Source {
    fn new(ledger: &Rc<dyn Ledger>) -> Self {
        Source { ledger: ledger.clone(), known: RefCell::default() }
    }

    fn read(&self, key: &LedgerKey) -> Result<Option<EntryWithLiveUntil>, HostError> {
        let broken = || HostError::from((ScErrorType::Storage, ScErrorCode::InternalError));
        let raw_key = key.to_xdr(Limits::none()).map_err(|_| broken())?;
        let Some(frame) = self.ledger.get(&raw_key) else {
            return Ok(None);
        };
        let (live_until, entry) = split(&frame).map_err(|_| broken())?;
        let entry = LedgerEntry::from_xdr(entry, Limits::none()).map_err(|_| broken())?;
        Ok(Some((Rc::new(entry), live_until)))
    }
}

impl SnapshotSource for Source {
    fn get(&self, key: &Rc<LedgerKey>) -> Result<Option<EntryWithLiveUntil>, HostError> {
        if let Some(entry) = self.known.borrow().get(key) {
            return Ok(entry.clone());
        }
        let entry = self.read(key)?;
        self.known.borrow_mut().insert(key.clone(), entry.clone());
        Ok(entry)
    }
}

fn split(frame: &[u8]) -> Result<(Option<u32>, &[u8]), Bad> {
    let mut r = Reader(frame);
    let has_ttl = r.u32()? != 0;
    let live_until = r.u32()?;
    Ok((has_ttl.then_some(live_until), r.0))
}

/// XDR that a host function is given: in the request, or at the end of bytes of its own. Contract code is long enough for a copy to count.
enum Part<'a> {
    Of(&'a [u8]),
    Tail(Vec<u8>, usize),
}

impl AsRef<[u8]> for Part<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Part::Of(bytes) => bytes,
            Part::Tail(bytes, from) => &bytes[*from..],
        }
    }
}

/// XDR of entries and, in the same order, of their TTL entries: empty for an entry without a lifetime.
type Footprint<'a> = (Vec<Part<'a>>, Vec<Part<'a>>);

pub struct Engine {
    ledger: Rc<dyn Ledger>,
    config: NetworkConfig,
    cache: ModuleCache,
    compiling: Compiling,
}

impl Engine {
    pub fn new(ledger: Rc<dyn Ledger>) -> Result<Self, Refusal> {
        let none = || ContractCostParams(Default::default());
        let budget = Budget::try_from_configs(u64::MAX, u64::MAX, none(), none()).map_err(text)?;
        let compiling = Compiling(budget);
        let cache = ModuleCache::new(&compiling).map_err(text)?;
        Ok(Engine { ledger, config: NetworkConfig::default(), cache, compiling })
    }

    /// Reads the network's settings through the ledger.
    pub fn configure(&mut self) -> Out {
        self.config = NetworkConfig::load_from_snapshot(&Source::new(&self.ledger)).map_err(chain)?;
        Ok(vec![])
    }

    fn ledger_info(&self, r: &mut Reader) -> Result<LedgerInfo, Bad> {
        let mut info = LedgerInfo {
            protocol_version: r.u32()?,
            sequence_number: r.u32()?,
            timestamp: r.u64()?,
            base_reserve: r.u32()?,
            network_id: r.bytes32()?,
            ..Default::default()
        };
        self.config.fill_config_fields_in_ledger_info(&mut info);
        Ok(info)
    }

    /// Parses a contract when a footprint names it first, as a validator does when it is uploaded.
    fn cache_code(&self, protocol: u32, code: &ContractCodeEntry) -> Result<(), HostError> {
        let inputs = match &code.ext {
            ContractCodeEntryExt::V0 => VersionedContractCodeCostInputs::V0 { wasm_bytes: code.code.len() },
            ContractCodeEntryExt::V1(v1) => VersionedContractCodeCostInputs::V1(v1.cost_inputs.clone()),
        };
        self.cache.parse_and_cache_module(&self.compiling, protocol, &code.hash, &code.code, inputs)
    }

    /// Reads what the footprint names.
    fn footprint<'a>(&self, info: &LedgerInfo, resources: &SorobanResources, restored: &[u32]) -> Result<Footprint<'a>, Refusal> {
        let restored_until = info
            .min_live_until_ledger_checked(ContractDataDurability::Persistent)
            .ok_or("the lifetime of a restored entry is beyond the last ledger")?;
        let (mut entries, mut ttls) = (vec![], vec![]);
        let read_write = resources.footprint.read_write.iter().enumerate();
        let read_write = read_write.map(|(i, key)| (key, restored.contains(&(i as u32))));
        let read_only = resources.footprint.read_only.iter().map(|key| (key, false));
        for (key, restore) in read_write.chain(read_only) {
            let raw_key = key.to_xdr(Limits::none()).map_err(bad("a key of the footprint"))?;
            let Some(frame) = self.ledger.get(&raw_key) else { continue };
            let (live_until, entry) = split(&frame)?;
            let mut ttl = vec![];
            if let Some(mut until) = live_until {
                if until < info.sequence_number {
                    if get_key_durability(key) == Some(ContractDataDurability::Temporary) {
                        continue;
                    }
                    if !restore {
                        return Err(Refusal::Archived(raw_key));
                    }
                    until = restored_until;
                }
                let key_hash = Hash(sha256(&raw_key));
                ttl = TtlEntry { key_hash, live_until_ledger_seq: until }.to_xdr(Limits::none()).map_err(text)?;
            }
            if let LedgerKey::ContractCode(code) = key {
                if !self.cache.contains_module(&code.hash).map_err(text)? {
                    let parsed = LedgerEntry::from_xdr(entry, Limits::none()).map_err(bad("a contract code entry of the ledger"))?;
                    if let LedgerEntryData::ContractCode(code) = parsed.data {
                        self.cache_code(info.protocol_version, &code).map_err(text)?;
                    }
                }
            }
            let header = frame.len() - entry.len();
            entries.push(Part::Tail(frame, header));
            ttls.push(Part::Tail(ttl, 0));
        }
        Ok((entries, ttls))
    }

    /// Runs a host function with everything enforced.
    pub fn invoke(&self, request: &[u8]) -> Out {
        let mut r = Reader(request);
        let flags = r.u32()?;
        let info = self.ledger_info(&mut r)?;
        let seed = r.bytes32()?;
        let source = r.blob()?;
        let function = r.blob()?;
        let resources_xdr = r.blob()?;
        let auth = r.blobs()?;
        let restored = r.u32s()?;
        r.end()?;

        let resources = SorobanResources::from_xdr(resources_xdr, DEFAULT_XDR_RW_LIMITS).map_err(bad("the resources"))?;
        if restored.iter().any(|i| *i as usize >= resources.footprint.read_write.len()) {
            return Err("an index of an archived entry is beyond the read-write footprint".into());
        }
        // A validator refuses such a transaction before it gets here; unchecked, a loop would run for as long as it declares.
        if i64::from(resources.instructions) > self.config.tx_max_instructions {
            return Err("more instructions are declared than a transaction may use".into());
        }
        let (entries, ttls) = self.footprint(&info, &resources, &restored)?;
        let budget = Budget::try_from_configs(
            resources.instructions as u64,
            self.config.tx_memory_limit as u64,
            self.config.cpu_cost_params.clone(),
            self.config.memory_cost_params.clone(),
        )
        .map_err(text)?;
        let sequence = info.sequence_number;
        let mut diagnostics = vec![];
        let auth: Vec<Part> = auth.into_iter().map(Part::Of).collect();
        let result = invoke_host_function(
            &budget,
            flags & DIAGNOSTICS != 0,
            Part::Of(function),
            Part::Of(resources_xdr),
            &restored,
            Part::Of(source),
            auth.into_iter(),
            info,
            entries.into_iter(),
            ttls.into_iter(),
            Part::Of(&seed),
            &mut diagnostics,
            None,
            Some(self.cache.clone()),
        );
        // A failure outside the function itself (a malformed source, a footprint the ledger contradicts) fails the operation alike.
        let (value, changes, events) = match result {
            Ok(r) => (r.encoded_invoke_result, r.ledger_changes, r.encoded_contract_events),
            Err(e) => (Err(e), vec![], vec![]),
        };
        let rent = compute_rent_fee(&extract_rent_changes(&changes), &self.config.rent_fee_configuration, sequence);
        let mut w = Writer::default();
        w.u64(budget.get_cpu_insns_consumed().map_err(text)?);
        w.u64(budget.get_mem_bytes_consumed().map_err(text)?);
        outcome(&mut w, value)?;
        w.u64(rent as u64);
        w.u32(changes.len() as u32);
        changes.iter().for_each(|c| change(&mut w, c));
        w.u32(events.len() as u32);
        events.iter().for_each(|e| w.blob(e));
        xdrs(&mut w, &diagnostics)?;
        Ok(w.0)
    }

    /// Runs a host function without a footprint and tells what a transaction has to declare.
    pub fn simulate(&self, request: &[u8]) -> Out {
        let mut r = Reader(request);
        let flags = r.u32()?;
        let info = self.ledger_info(&mut r)?;
        let seed = r.bytes32()?;
        let leeway = r.u32()?;
        let source = AccountId::from_xdr(r.blob()?, DEFAULT_XDR_RW_LIMITS).map_err(bad("the source account"))?;
        let function = HostFunction::from_xdr(r.blob()?, DEFAULT_XDR_RW_LIMITS).map_err(bad("the host function"))?;
        let auth = r
            .blobs()?
            .into_iter()
            .map(|a| SorobanAuthorizationEntry::from_xdr(a, DEFAULT_XDR_RW_LIMITS))
            .collect::<Result<Vec<_>, _>>()
            .map_err(bad("an authorisation entry"))?;
        r.end()?;

        let mode = if flags & ENFORCE_AUTH != 0 {
            RecordingInvocationAuthMode::Enforcing(auth)
        } else {
            let root_only = flags & NON_ROOT_AUTH == 0;
            RecordingInvocationAuthMode::recording(root_only, flags & ADDRESS_V2 != 0)
        };
        let result = simulate_invoke_host_function_op(
            Rc::new(Source::new(&self.ledger)),
            &self.config,
            &adjustment(flags, leeway),
            &info,
            function,
            mode,
            &source,
            seed,
            flags & DIAGNOSTICS != 0,
        )
        .map_err(chain)?;
        let mut w = Writer::default();
        w.u64(result.simulated_instructions as u64);
        w.u64(result.simulated_memory as u64);
        let value = match result.invoke_result {
            Ok(v) => Ok(v.to_xdr(Limits::none()).map_err(text)?),
            Err(e) => Err(e),
        };
        outcome(&mut w, value)?;
        xdrs(&mut w, &result.auth)?;
        optional_xdr(&mut w, &result.transaction_data)?;
        xdrs(&mut w, &result.contract_events)?;
        xdrs(&mut w, &result.diagnostic_events)?;
        w.u32(result.modified_entries.len() as u32);
        for diff in &result.modified_entries {
            optional_xdr(&mut w, &diff.state_before)?;
            optional_xdr(&mut w, &diff.state_after)?;
        }
        Ok(w.0)
    }

    /// Tells what ExtendFootprintTTL (kind 0) or RestoreFootprint (kind 1) has to declare.
    pub fn simulate_ttl(&self, request: &[u8]) -> Out {
        let mut r = Reader(request);
        let flags = r.u32()?;
        let info = self.ledger_info(&mut r)?;
        let kind = r.u32()?;
        let extend_to = r.u32()?;
        let keys = r
            .blobs()?
            .into_iter()
            .map(|k| LedgerKey::from_xdr(k, DEFAULT_XDR_RW_LIMITS))
            .collect::<Result<Vec<_>, _>>()
            .map_err(bad("a key"))?;
        r.end()?;

        let source = Source::new(&self.ledger);
        let adjust = adjustment(flags, 0);
        let data = match kind {
            0 => {
                info.sequence_number.checked_add(extend_to).ok_or("the new lifetime is beyond the last ledger")?;
                simulate_extend_ttl_op(&source, &self.config, &adjust, &info, &keys, extend_to).map(|r| r.transaction_data)
            }
            1 => simulate_restore_op(&source, &self.config, &adjust, &info, &keys).map(|r| r.transaction_data),
            _ => return Err("there is no such kind of operation".into()),
        }
        .map_err(chain)?;
        let mut w = Writer::default();
        w.blob(&data.to_xdr(Limits::none()).map_err(text)?);
        Ok(w.0)
    }

    /// Resource fee of a transaction in stroops: what is charged at any rate, and what is refunded as far as it is not used.
    pub fn resource_fee(&self, request: &[u8]) -> Out {
        let mut r = Reader(request);
        let resources = TransactionResources {
            instructions: r.u32()?,
            disk_read_entries: r.u32()?,
            write_entries: r.u32()?,
            disk_read_bytes: r.u32()?,
            write_bytes: r.u32()?,
            contract_events_size_bytes: r.u32()?,
            transaction_size_bytes: r.u32()?,
        };
        r.end()?;
        let (fixed, refundable) = compute_transaction_resource_fee(&resources, &self.config.fee_configuration);
        let mut w = Writer::default();
        w.u64(fixed as u64);
        w.u64(refundable as u64);
        Ok(w.0)
    }

    /// Rent in stroops for longer lifetimes of entries that stay as they are, computed as soroban-simulation does.
    pub fn rent_fee(&self, request: &[u8]) -> Out {
        let mut r = Reader(request);
        let sequence = r.u32()?;
        let budget =
            Budget::try_from_configs(u64::MAX, u64::MAX, self.config.cpu_cost_params.clone(), self.config.memory_cost_params.clone())
                .map_err(text)?;
        let mut changes = vec![];
        for _ in 0..r.count()? {
            let raw = r.blob()?;
            let (before, after) = (r.u32()?, r.u32()?);
            let entry = LedgerEntry::from_xdr(raw, Limits::none()).map_err(bad("an entry"))?;
            let key = entry.to_key();
            let durability = get_key_durability(&key).ok_or("an entry that has no lifetime")?;
            let size = entry_size_for_rent(&budget, &entry, raw.len() as u32).map_err(text)?;
            changes.push(LedgerEntryRentChange {
                is_persistent: durability == ContractDataDurability::Persistent,
                is_code_entry: matches!(key, LedgerKey::ContractCode(_)),
                old_size_bytes: if before == 0 { 0 } else { size },
                new_size_bytes: size,
                old_live_until_ledger: before,
                new_live_until_ledger: after,
            });
        }
        r.end()?;
        let fee = compute_rent_fee(&changes, &self.config.rent_fee_configuration, sequence);
        let mut w = Writer::default();
        w.u64(fee as u64);
        Ok(w.0)
    }
}

/// The crate's own calibrated cost tables. They have no getter, so they are read from the table that `Debug` prints: name, four
/// counters, then constant and linear terms for instructions and for memory.
pub fn default_cost_params() -> Out {
    let table = format!("{:?}", Budget::default());
    let (mut cpu, mut memory) = (vec![], vec![]);
    for cost in ContractCostType::variants() {
        let row = table
            .lines()
            .map(|l| l.split_whitespace().collect::<Vec<_>>())
            .find(|columns| columns.len() == 9 && columns[0] == cost.name())
            .ok_or_else(|| Refusal::Because(format!("no cost row for {}", cost.name())))?;
        let entry = |at: usize| -> Result<ContractCostParamEntry, Refusal> {
            Ok(ContractCostParamEntry {
                ext: ExtensionPoint::V0,
                const_term: row[at].parse().map_err(text)?,
                linear_term: row[at + 1].parse().map_err(text)?,
            })
        };
        cpu.push(entry(5)?);
        memory.push(entry(7)?);
    }
    let mut w = Writer::default();
    for entries in [cpu, memory] {
        let params = ContractCostParams(entries.try_into().map_err(text)?);
        w.blob(&params.to_xdr(Limits::none()).map_err(text)?);
    }
    Ok(w.0)
}

fn adjustment(flags: u32, leeway: u32) -> SimulationAdjustmentConfig {
    let mut config = if flags & NO_ADJUSTMENT != 0 {
        SimulationAdjustmentConfig::no_adjustments()
    } else {
        SimulationAdjustmentConfig::default_adjustment()
    };
    let instructions = &mut config.instructions;
    instructions.additive_factor = instructions.additive_factor.max(leeway);
    config
}

/// `1 | value` or `0 | ScError | the host's text`.
fn outcome(w: &mut Writer, value: Result<Vec<u8>, HostError>) -> Result<(), Refusal> {
    match value {
        Ok(v) => {
            w.u32(1);
            w.blob(&v);
        }
        Err(e) => {
            let internal = ScError::Context(ScErrorCode::InternalError);
            let error: ScError = e.error.try_into().unwrap_or(internal);
            w.u32(0);
            w.blob(&error.to_xdr(Limits::none()).map_err(text)?);
            w.blob(format!("{e:?}").as_bytes());
        }
    }
    Ok(())
}

fn change(w: &mut Writer, c: &LedgerEntryChange) {
    w.u32(c.read_only as u32);
    w.blob(&c.encoded_key);
    w.optional(c.encoded_new_value.as_deref());
    w.u32(c.ttl_change.is_some() as u32);
    if let Some(ttl) = &c.ttl_change {
        w.u32(ttl.old_live_until_ledger);
        w.u32(ttl.new_live_until_ledger);
    }
}

fn xdrs<T: WriteXdr>(w: &mut Writer, list: &[T]) -> Result<(), Refusal> {
    w.u32(list.len() as u32);
    for x in list {
        w.blob(&x.to_xdr(Limits::none()).map_err(text)?);
    }
    Ok(())
}

fn optional_xdr<T: WriteXdr>(w: &mut Writer, value: &Option<T>) -> Result<(), Refusal> {
    let raw = value.as_ref().map(|v| v.to_xdr(Limits::none())).transpose().map_err(text)?;
    w.optional(raw.as_deref());
    Ok(())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}
