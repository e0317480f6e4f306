//! What goes wrong at a step of the process, and how far it has come.
//!
//! A step is a call of the server or a request to Zoom. Looks into an index of the queue that has never held a
//! job are none: they begin at a random one, so that counting them would move all others about.

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
    /// The trouble comes after so many steps.
    pub(crate) fn at(trouble: Trouble, step: usize) -> Self {
        Self {
            trouble: Some((trouble, step)),
            ..Self::default()
        }
    }

    /// The trouble comes at the next step whose description begins so.
    pub(crate) fn at_named(trouble: Trouble, step: &str) -> Self {
        Self {
            named: step.to_owned(),
            ..Self::at(trouble, usize::MAX)
        }
    }

    /// The step at which the trouble came, if it did.
    pub(crate) fn reached(&self) -> Option<String> {
        let (_, at) = self.trouble?;
        self.steps.get(at).cloned()
    }

    /// Whether the process is to end.
    pub(crate) fn ends_the_process(&self) -> bool {
        matches!(self.trouble, Some((Trouble::Death, _)))
    }

    /// Whether the process has come to the step where it ends.
    fn is_dead(&self) -> bool {
        matches!(self.trouble, Some((Trouble::Death, at)) if self.steps.len() > at)
    }

    /// Makes a step, or a call that does not count as one, and answers what becomes of it.
    pub(crate) fn step(&mut self, counts: bool, name: &str) -> Fate {
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
