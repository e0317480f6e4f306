//! One call of the server that fails, or the end of the process before it.

use component_tests::scene::Scene;

/// No flow makes as many calls.
pub const CALLS: usize = 120;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It fails, and the next ones do not.
    Failure,
    /// The process is dead before it.
    Death,
}

/// Both.
pub const TROUBLES: [Trouble; 2] = [Trouble::Failure, Trouble::Death];

impl Trouble {
    /// Happens at the call that comes after so many more.
    pub fn at(self, scene: &Scene, call: usize) {
        let mut world = scene.api.world();
        let number = world.calls.len() + call;
        match self {
            Trouble::Failure => world.failing_call = Some(number),
            Trouble::Death => world.dead_from = Some(number),
        }
    }

    /// Ends it, and answers with the process that goes on and whether it happened at all.
    pub async fn ends(self, scene: Scene) -> (Scene, bool) {
        let reached = {
            let mut world = scene.api.world();
            let calls = world.calls.len();
            let (failing, dead) = (world.failing_call.take(), world.dead_from.take());
            failing.or(dead).is_some_and(|number| number < calls)
        };
        if self == Trouble::Failure {
            return (scene, reached);
        }
        let next = scene.another_node().await;
        (next, reached)
    }
}
