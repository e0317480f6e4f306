//! Runs a flow once for each step and each possible failure at the step.

use std::fmt;

use component_tests::faults::InjectedFault;
use component_tests::scene::Scene;

/// Every flow has fewer steps.
const STEPS: usize = 150;
/// The lengths of the outages in calls: short, and longer than any event.
const OUTAGES: [usize; 2] = [3, usize::MAX];

/// All faults.
pub const FAULTS: [InjectedFault; 5] = [
    InjectedFault::Failure,
    InjectedFault::Lost,
    InjectedFault::Outage(OUTAGES[0]),
    InjectedFault::Outage(OUTAGES[1]),
    InjectedFault::Crash,
];

/// One run of a flow.
pub struct Case {
    /// The injected fault.
    pub fault: InjectedFault,
    step: usize,
    /// The step at which the fault occurred.
    came_at: Option<String>,
}

impl Case {
    /// Starts to count steps and to inject the fault.
    pub fn begins(&self, scene: &Scene) {
        scene.api.plan(self.fault, self.step);
    }

    /// Ends the injection. Returns the process that continues: after a crash, a new one.
    pub async fn ends(&mut self, scene: Scene) -> Scene {
        self.came_at = scene.api.clear_fault();
        if self.is_crash() {
            return scene.another_node().await;
        }
        scene
    }

    /// Whether the fault is a crash.
    pub fn is_crash(&self) -> bool {
        self.fault == InjectedFault::Crash
    }

    /// Whether the fault occurred before the flow ended.
    pub fn came(&self) -> bool {
        self.came_at.is_some()
    }

    /// Whether the process crashed before a step whose description starts with `step`.
    pub fn crashed_before(&self, step: &str) -> bool {
        self.is_crash() && self.came_at(step)
    }

    /// Whether the fault occurred at a step whose description starts with `step`.
    pub fn came_at(&self, step: &str) -> bool {
        self.came_at.as_ref().is_some_and(|at| at.starts_with(step))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { fault, step, .. } = self;
        let at = self.came_at.as_deref().unwrap_or("which was not reached");
        write!(f, "{fault:?} at step {step}, {at}")
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed case: {self}");
        }
    }
}

/// Runs a flow once for each step and each fault. `flow` calls [`Case::begins`] and [`Case::ends`].
pub async fn everywhere(faults: &[InjectedFault], mut flow: impl AsyncFnMut(&mut Case)) {
    for fault in faults {
        for step in 0.. {
            assert!(step < STEPS, "the flow has too many steps");
            let mut case = Case {
                fault: *fault,
                step,
                came_at: None,
            };
            flow(&mut case).await;
            if !case.came() {
                assert!(step > 0, "the flow has no steps");
                break;
            }
        }
    }
}
