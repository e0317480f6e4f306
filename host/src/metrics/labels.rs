//! The counters and their labels. Label values are closed sets, so nobody can create endless series.

/// Statuses with a separate label; the others share one label per class.
const STATUSES: [(u16, &str); 22] = [
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (206, "206"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (304, "304"),
    (307, "307"),
    (308, "308"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (409, "409"),
    (410, "410"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
];

/// The label of a status. A server cannot create new labels.
pub(crate) fn status_label(status: u16) -> &'static str {
    let known = STATUSES.iter().find(|(known, _)| *known == status);
    match (known, status) {
        (Some((_, label)), _) => label,
        (None, 200..300) => "2xx",
        (None, 300..400) => "3xx",
        (None, 400..500) => "4xx",
        (None, 500..600) => "5xx",
        (None, _) => "other",
    }
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventOutcome {
    /// It was handled.
    Done,
    /// It did not get a permit in time.
    Busy,
    /// It ran into its time limit.
    Timeout,
    /// It trapped, for this reason.
    Trap(&'static str),
}

impl EventOutcome {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Trap(_) => "trap",
        }
    }
}

/// Counters with one label, whose values are a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counter {
    /// An event ended in a trap.
    Trap,
    /// An event was refused memory.
    MemoryRefusal,
    /// A call of the component was denied.
    Denial,
    /// The host answered a request instead of the component.
    RequestRejected,
    /// A response did not reach the server completely.
    ResponseDropped,
    /// A line was left out of the log.
    LineLeftOut,
}

impl Counter {
    pub(super) const ALL: [Self; 6] = [
        Self::Trap,
        Self::MemoryRefusal,
        Self::Denial,
        Self::RequestRejected,
        Self::ResponseDropped,
        Self::LineLeftOut,
    ];

    /// The metric name, the label name, and the help text.
    pub(super) fn describe(self) -> [&'static str; 3] {
        match self {
            Self::Trap => [
                "plugin_host_traps_total",
                "reason",
                "Events that ended in a trap, by reason.",
            ],
            Self::MemoryRefusal => [
                "plugin_host_memory_refusals_total",
                "limit",
                "Events that were refused memory, by limit: of the event, or of all events together.",
            ],
            Self::Denial => [
                "plugin_host_denials_total",
                "interface",
                "Calls of the component that the policy or the server's permissions denied, by interface; `answer` for responses to requests.",
            ],
            Self::RequestRejected => [
                "plugin_host_requests_rejected_total",
                "reason",
                "Requests and commands that the host answered instead of the component, by reason; `late`: the route's time limit passed, and the event continued.",
            ],
            Self::ResponseDropped => [
                "plugin_host_responses_dropped_total",
                "reason",
                "Responses that the server did not receive completely, by reason.",
            ],
            Self::LineLeftOut => [
                "plugin_host_log_lines_dropped_total",
                "reason",
                "Lines left out of the log because the event wrote too much or repeated itself.",
            ],
        }
    }
}

/// The outcome of one run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JobRunOutcome {
    /// The job is done.
    Done,
    /// The component asked to run it again.
    Retry,
    /// It trapped or timed out, and will run again.
    Failed,
    /// It failed for too long and was dropped.
    GivenUp,
}

impl JobRunOutcome {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry => "retry",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_statuses_have_labels_and_others_share_one_per_class() {
        let labels = [200, 207, 302, 399, 418, 429, 503, 599, 99, 999].map(status_label);
        let expected = [
            "200", "2xx", "302", "3xx", "4xx", "429", "503", "5xx", "other", "other",
        ];
        assert_eq!(labels, expected);
        for (status, label) in STATUSES {
            assert_eq!(label, status.to_string());
        }
    }
}
