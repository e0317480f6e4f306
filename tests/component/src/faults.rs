//! Injects a fault at one step of the plugin process.
//!
//! A step is a call of the server or a request to Zoom. Reads of an unused queue index are not steps, because they
//! start at a random index.

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// One call of the server has no effect and returns an error.
    Failure,
    /// One call of the server takes effect but returns an error.
    Lost,
    /// This many consecutive calls of the server fail.
    Outage(usize),
    /// The process crashes before a step: its calls have no effect and get no response.
    Crash,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Failed,
    Lost,
    Ignored,
}

/// The planned fault, and the steps since it was planned.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    fault: Option<(InjectedFault, usize)>,
    /// If not empty, the fault occurs at the first step whose description starts with this text.
    named: String,
    steps: Vec<String>,
}

impl Plan {
    /// The fault occurs after this number of steps.
    pub(crate) fn at(fault: InjectedFault, step: usize) -> Self {
        Self {
            fault: Some((fault, step)),
            ..Self::default()
        }
    }

    /// The fault occurs at the next step whose description starts with `step`.
    pub(crate) fn at_named(fault: InjectedFault, step: &str) -> Self {
        Self {
            named: step.to_owned(),
            ..Self::at(fault, usize::MAX)
        }
    }

    /// The step at which the fault occurred.
    pub(crate) fn reached(&self) -> Option<String> {
        let (_, at) = self.fault?;
        self.steps.get(at).cloned()
    }

    /// Whether the planned fault is a crash.
    pub(crate) fn is_crash(&self) -> bool {
        matches!(self.fault, Some((InjectedFault::Crash, _)))
    }

    /// Whether the process has crashed.
    fn has_crashed(&self) -> bool {
        matches!(self.fault, Some((InjectedFault::Crash, at)) if self.steps.len() > at)
    }

    /// Returns the outcome of a call. Counts the call as a step if `counts` is true.
    pub(crate) fn step(&mut self, counts: bool, name: &str) -> Fate {
        let Some((fault, at)) = self.fault else {
            return Fate::Done;
        };
        if self.has_crashed() {
            return Fate::Ignored;
        }
        if !counts {
            return Fate::Done;
        }
        let number = self.steps.len();
        let at = if !self.named.is_empty() && name.starts_with(&self.named) {
            self.named.clear();
            self.fault = Some((fault, number));
            number
        } else {
            at
        };
        self.steps.push(name.to_owned());
        match fault {
            InjectedFault::Failure if number == at => Fate::Failed,
            InjectedFault::Lost if number == at => Fate::Lost,
            InjectedFault::Outage(calls) if (at..at.saturating_add(calls)).contains(&number) => {
                Fate::Failed
            }
            InjectedFault::Crash if number == at => Fate::Ignored,
            _ => Fate::Done,
        }
    }
}
