//! Runs a flow once for each of its steps and each possible failure there.

use std::fmt;

use component_tests::scene::Scene;
use component_tests::trouble::Trouble;

/// No flow makes as many steps.
const STEPS: usize = 150;
/// Of the store, or of whatever lies between: for a moment, and for longer than an event lasts.
const OUTAGES: [usize; 2] = [3, usize::MAX];

/// Everything that can go wrong at a step.
pub const TROUBLES: [Trouble; 5] = [
    Trouble::Failure,
    Trouble::Lost,
    Trouble::Outage(OUTAGES[0]),
    Trouble::Outage(OUTAGES[1]),
    Trouble::Death,
];

/// One run of a flow.
pub struct Case {
    /// What goes wrong.
    pub trouble: Trouble,
    step: usize,
    /// The step at which it came, once that is known.
    came_at: Option<String>,
}

impl Case {
    /// Lets it go wrong from here on.
    pub fn begins(&self, scene: &Scene) {
        scene.api.plan(self.trouble, self.step);
    }

    /// From here on nothing goes wrong. Answers with the process that goes on.
    pub async fn ends(&mut self, scene: Scene) -> Scene {
        self.came_at = scene.api.relieve();
        if self.is_death() {
            return scene.another_node().await;
        }
        scene
    }

    /// Whether the process dies of it.
    pub fn is_death(&self) -> bool {
        self.trouble == Trouble::Death
    }

    /// Whether it came, or the flow was over before.
    pub fn came(&self) -> bool {
        self.came_at.is_some()
    }

    /// Whether the process died before a step whose description begins so.
    pub fn died_before(&self, step: &str) -> bool {
        self.is_death() && self.came_at(step)
    }

    /// Whether it came at a step whose description begins so.
    pub fn came_at(&self, step: &str) -> bool {
        self.came_at.as_ref().is_some_and(|at| at.starts_with(step))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { trouble, step, .. } = self;
        let at = self.came_at.as_deref().unwrap_or("which was not reached");
        write!(f, "{trouble:?} at step {step}, {at}")
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this went wrong with {self}");
        }
    }
}

/// Goes through a flow once for each step and each of the troubles. `flow` lets the case begin and end.
pub async fn everywhere(troubles: &[Trouble], mut flow: impl AsyncFnMut(&mut Case)) {
    for trouble in troubles {
        for step in 0.. {
            assert!(step < STEPS, "the flow makes fewer steps than that");
            let mut case = Case {
                trouble: *trouble,
                step,
                came_at: None,
            };
            flow(&mut case).await;
            if !case.came() {
                assert!(step > 0, "the flow makes no step at all");
                break;
            }
        }
    }
}
