//! What goes wrong at a step of the process, and how far it has come.
//!
//! A step is a call of the server or a request to Zoom. Looks into an index of the queue that has never held a
//! job are none: they begin at a random one, so that counting them would move all others about.

use crate::memory::MemoryApi;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// One call of the server is not done, and its answer is an error.
    Failure,
    /// One call of the server is done, and its answer is an error all the same.
    Lost,
    /// So many calls of the server in a row are not done.
    Outage(usize),
    /// The process ends before a step: it gets no further answer, and what it asks for is not done.
    Death,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Failed,
    Lost,
    Unheard,
}

/// A trouble that is to come, and the steps that were made since it was planned.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    trouble: Option<(Trouble, usize)>,
    /// Where it is to come at the first step whose description begins so.
    named: String,
    steps: Vec<String>,
}

impl Plan {
    /// Whether the process has come to the step where it ends.
    fn is_dead(&self) -> bool {
        matches!(self.trouble, Some((Trouble::Death, at)) if self.steps.len() > at)
    }

    fn step(&mut self, counts: bool, name: &str) -> Fate {
        let Some((trouble, at)) = self.trouble else {
            return Fate::Done;
        };
        if self.is_dead() {
            return Fate::Unheard;
        }
        if !counts {
            return Fate::Done;
        }
        let number = self.steps.len();
        let at = if !self.named.is_empty() && name.starts_with(&self.named) {
            self.named.clear();
            self.trouble = Some((trouble, number));
            number
        } else {
            at
        };
        self.steps.push(name.to_owned());
        match trouble {
            Trouble::Failure if number == at => Fate::Failed,
            Trouble::Lost if number == at => Fate::Lost,
            Trouble::Outage(calls) if (at..at.saturating_add(calls)).contains(&number) => {
                Fate::Failed
            }
            Trouble::Death if number == at => Fate::Unheard,
            _ => Fate::Done,
        }
    }
}

impl MemoryApi {
    /// Plans a trouble at the step that comes after so many more.
    pub fn plan(&self, trouble: Trouble, step: usize) {
        self.world().plan = Plan {
            trouble: Some((trouble, step)),
            ..Plan::default()
        };
    }

    /// Plans a trouble at the next step whose description begins so.
    pub fn plan_at(&self, trouble: Trouble, step: &str) {
        self.world().plan = Plan {
            trouble: Some((trouble, usize::MAX)),
            named: step.to_owned(),
            steps: Vec::new(),
        };
    }

    /// Ends the trouble, whether it came or not. Answers with the step that it came at, if it did.
    pub fn relieve(&self) -> Option<String> {
        let plan = std::mem::take(&mut self.world().plan);
        self.dead.send_replace(false);
        let (_, at) = plan.trouble?;
        plan.steps.get(at).cloned()
    }

    /// Waits until the process has come to its end.
    pub async fn death(&self) {
        let mut dead = self.dead.subscribe();
        // The sender lives as long as this.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    /// What becomes of a call of the server, whether it counts as a step or not.
    pub(crate) fn fate(&self, plan: &mut Plan, counts: bool, name: &str) -> Fate {
        let fate = plan.step(counts, name);
        if fate == Fate::Unheard {
            self.dead.send_replace(true);
        }
        fate
    }

    /// Whether a request to Zoom is heard. Only the death of the process concerns them.
    pub fn is_heard(&self, request: &str) -> bool {
        let mut world = self.world();
        if !matches!(world.plan.trouble, Some((Trouble::Death, _))) {
            return true;
        }
        self.fate(&mut world.plan, true, request) == Fate::Done
    }
}
