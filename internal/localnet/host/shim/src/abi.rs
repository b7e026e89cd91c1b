//! The module's exports and imports. One instance serves one call at a time, and none after a trap (a panic leaves `ENGINE`
//! borrowed, so a further call traps as well instead of working on half-changed state).

use crate::engine::{default_cost_params, Engine, Ledger, Refusal};
use std::{cell::RefCell, rc::Rc};

#[link(wasm_import_module = "ledger")]
extern "C" {
    /// Looks a key up. Returns the length of the frame (0: no such entry) and keeps it ready for `take`.
    fn find(key: *const u8, len: usize) -> usize;
    /// Copies the frame that the last `find` kept into `into`.
    fn take(into: *mut u8);
    /// The text of a panic, just before the trap.
    fn panicked(text: *const u8, len: usize);
}

struct Outside;

impl Ledger for Outside {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        // SAFETY: the outside reads `len` bytes of `key` and writes as many into `frame` as it said.
        unsafe {
            let n = find(key.as_ptr(), key.len());
            if n == 0 {
                return None;
            }
            let mut frame = Vec::with_capacity(n);
            take(frame.as_mut_ptr());
            frame.set_len(n);
            Some(frame)
        }
    }
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Makes room for a request.
#[no_mangle]
pub extern "C" fn buffer(len: usize) -> *mut u8 {
    Box::leak(vec![0u8; len].into_boxed_slice()).as_mut_ptr()
}

/// Frees a reply.
///
/// # Safety
/// `ptr` and `len` must come from a reply, once.
#[no_mangle]
pub unsafe extern "C" fn release(ptr: *mut u8, len: usize) {
    drop(Box::from_raw(core::ptr::slice_from_raw_parts_mut(ptr, len)));
}

/// Runs an operation on a request, which it frees. Returns `ptr << 32 | len` of the reply: a status, then what belongs to it.
///
/// # Safety
/// `ptr` must come from `buffer(len)`, once.
#[no_mangle]
pub unsafe extern "C" fn call(op: u32, ptr: *mut u8, len: usize) -> u64 {
    let request = Box::from_raw(core::ptr::slice_from_raw_parts_mut(ptr, len));
    let (status, body) = match run(op, &request) {
        Err(Refusal::Because(reason)) => (0u32, reason.into_bytes()),
        Ok(reply) => (1, reply),
        Err(Refusal::Archived(key)) => (2, key),
    };
    drop(request);
    let mut reply = status.to_le_bytes().to_vec();
    reply.extend_from_slice(&body);
    let reply = Box::leak(reply.into_boxed_slice());
    (reply.as_ptr() as usize as u64) << 32 | reply.len() as u64
}

fn run(op: u32, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    ENGINE.with(|cell| {
        let mut slot = cell.borrow_mut();
        let engine = match &mut *slot {
            Some(engine) => engine,
            None => {
                std::panic::set_hook(Box::new(|info| {
                    let text = info.to_string();
                    // SAFETY: the outside reads `len` bytes of `text`.
                    unsafe { panicked(text.as_ptr(), text.len()) };
                }));
                slot.insert(Engine::new(Rc::new(Outside))?)
            }
        };
        match op {
            0 => engine.configure(),
            1 => engine.invoke(request),
            2 => engine.simulate(request),
            3 => engine.simulate_ttl(request),
            4 => engine.resource_fee(request),
            5 => default_cost_params(),
            6 => engine.rent_fee(request),
            7 => panic!("asked to by a test"),
            _ => Err("there is no such operation".into()),
        }
    })
}
