//! Every interleaving of a small world, visited: the domain's own decisions between clients, a channel, a queue, a
//! sweep and an operator, with crashes, losses and duplicates.
//!
//! See `README.md` beside this crate's manifest for what the world holds, how its time is kept finite, and what that
//! leaves out.

pub mod action;
pub mod channel;
pub mod clock;
mod fingerprint;
pub mod laws;
pub mod names;
pub mod process;
pub mod world;

use payonce_domain::schedule::{self, Creation};
use stateright::{Model, Property};

pub use action::{Action, Setting};
pub use world::{Bounds, World};

/// One merchant's payment in one setting, with so many faults.
#[derive(Debug, Clone, Copy)]
pub struct PaymentModel {
    /// The merchant's mode and the ways to pay.
    pub setting: Setting,
    /// How much may happen.
    pub bounds: Bounds,
}

impl PaymentModel {
    /// Whether the first way to pay is made known to its channel by a call of ours.
    #[must_use]
    pub fn first_is_made_by_call(&self) -> bool {
        let (channel, method) = self.setting.ways[0];
        schedule::policy(channel, method).creation == Creation::ByCall
    }
}

impl Model for PaymentModel {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.bounds)]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Action>) {
        state.actions(actions);
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        last.after(action, &self.setting)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        laws::properties(self)
    }
}
