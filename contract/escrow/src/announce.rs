// Events that were made where they were decided: here, or in the rulebook.

use soroban_sdk::{Env, Event, IntoVal, Val, Vec};

// An event.
struct Announced {
    topics: Vec<Val>,
    data: Val,
}

impl Event for Announced {
    fn topics(&self, _: &Env) -> Vec<Val> {
        self.topics.clone()
    }

    fn data(&self, _: &Env) -> Val {
        self.data
    }
}

// Announces what was decided: topics and data by turns.
pub fn announce(env: &Env, events: &Vec<Val>) {
    for at in (0..events.len()).step_by(2) {
        let topics = events.get_unchecked(at).into_val(env);
        Announced { topics, data: events.get_unchecked(at + 1) }.publish(env);
    }
}
