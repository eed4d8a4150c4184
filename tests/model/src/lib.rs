//! Every interleaving of a small world, visited: the domain's own decisions between clients, a channel, a queue, a
//! sweep and an operator, with crashes, losses and duplicates.
//!
//! See `README.md` beside this crate's manifest for what the world holds, how its time is kept finite, and what that
//! leaves out.

pub mod action;
pub mod channel;
pub mod clock;
mod fingerprint;
mod happen;
pub mod laws;
pub mod names;
pub mod process;
pub mod world;

use payonce_domain::Mode;
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
    /// Whether the second client asks for another way to pay than the first.
    #[must_use]
    pub fn has_two_ways(&self) -> bool {
        self.setting.ways[0] != self.setting.ways[1]
    }

    /// Whether two attempts may stand side by side.
    #[must_use]
    pub fn allows_two_attempts(&self) -> bool {
        self.setting.mode == Mode::Lenient && self.has_two_ways()
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
