//! A check of the setup: its subject, its result, and its input.
//!
//! A [`Check`] has two forms: a sentence for a person, and facts for a report that people can share. Sentences may contain
//! addresses and names. Facts cannot: their types hold only numbers, versions, and words that are part of this code.

use crate::config::{Config, Problem};
use crate::platform::people::{Person, Reader};
use crate::setup::scopes::Scope;
use crate::text::{self, Message};
use serde_json::{Map, Value};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing to do.
    Passed,
    /// It works, but something should be changed.
    Warning,
    /// Something does not work.
    Failed,
    /// The check needs something that is missing or failed in another check.
    NotRun,
}

impl Outcome {
    /// The word for reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Warning => "warning",
            Outcome::Failed => "failed",
            Outcome::NotRun => "not_run",
        }
    }
}

/// The subject of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The settings of the plugin.
    Settings,
    /// The Site URL of the server.
    SiteUrl,
    /// The encryption key.
    EncryptionKey,
    /// The server's rule that email addresses are verified.
    EmailVerification,
    /// The versions of the plugin and the server.
    Versions,
    /// Whether the stored connections belong to this server.
    Database,
    /// The connection to Zoom's hosts.
    Network,
    /// The client ID and the client secret of the Zoom app.
    Credentials,
    /// The redirect URL in the Zoom app.
    RedirectUrl,
    /// The connection of the user, or of the organization.
    Account,
    /// The scopes that Zoom granted.
    Scopes,
    /// The webhooks that Zoom has delivered.
    Webhooks,
    /// The clock of the server.
    Clock,
    /// The background jobs.
    Jobs,
}

impl Subject {
    /// The word for reports.
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    /// The label for people.
    pub fn label(self, reader: &Reader<'_>) -> String {
        text::plain(reader.locale, self.parts().1)
    }

    fn parts(self) -> (&'static str, Message) {
        match self {
            Subject::Settings => ("settings", Message::CheckSettings),
            Subject::SiteUrl => ("site_url", Message::CheckSiteUrl),
            Subject::EncryptionKey => ("encryption_key", Message::CheckEncryptionKey),
            Subject::EmailVerification => ("email_verification", Message::CheckEmailVerification),
            Subject::Versions => ("versions", Message::CheckVersions),
            Subject::Database => ("database", Message::CheckDatabase),
            Subject::Scopes => ("scopes", Message::CheckScopes),
            Subject::Network => ("network", Message::CheckNetwork),
            Subject::Jobs => ("jobs", Message::CheckJobs),
            Subject::Credentials => ("credentials", Message::CheckCredentials),
            Subject::RedirectUrl => ("redirect_url", Message::CheckRedirectUrl),
            Subject::Webhooks => ("webhooks", Message::CheckWebhooks),
            Subject::Clock => ("clock", Message::CheckClock),
            Subject::Account => ("account", Message::CheckAccount),
        }
    }
}

/// A section of the bundled guides: the page and the anchor, such as `troubleshooting.html#scopes-are-missing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section(pub &'static str);

/// A fact for reports. No variant can hold an address, an ID, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A number.
    Number(i64),
    /// A word of this code, such as the label of a setting.
    Word(&'static str),
    /// A version number.
    Version(String),
    /// Scopes of the Zoom app.
    Scopes(Vec<Scope>),
}

impl Fact {
    fn json(&self) -> Value {
        match self {
            Fact::Number(number) => (*number).into(),
            Fact::Word(word) => (*word).into(),
            Fact::Version(version) => version.as_str().into(),
            Fact::Scopes(scopes) => scopes.iter().map(|scope| scope.name.as_str()).collect(),
        }
    }
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The subject of the check.
    pub subject: Subject,
    /// The result.
    pub outcome: Outcome,
    /// A stable word for the result, such as `key_length`; `ok` if the check passed.
    pub finding: &'static str,
    /// What was found and what to do next, for the reader of the context. Empty if there is nothing to say.
    pub sentence: String,
    /// The section of the guides that explains the next step.
    pub section: Option<Section>,
    facts: Vec<(&'static str, Fact)>,
}

impl Check {
    pub(super) fn new(
        subject: Subject,
        outcome: Outcome,
        finding: &'static str,
        sentence: String,
    ) -> Check {
        Check {
            subject,
            outcome,
            finding,
            sentence,
            section: None,
            facts: Vec::new(),
        }
    }

    pub(super) fn passed(subject: Subject) -> Check {
        Check::new(subject, Outcome::Passed, "ok", String::new())
    }

    pub(super) fn saying(self, sentence: String) -> Check {
        Check { sentence, ..self }
    }

    pub(super) fn explained(self, section: &'static str) -> Check {
        Check {
            section: Some(Section(section)),
            ..self
        }
    }

    pub(super) fn fact(mut self, name: &'static str, fact: Fact) -> Check {
        self.facts.push((name, fact));
        self
    }

    /// The check for reports: no sentence, only words of this code, numbers, and versions.
    pub fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("check".to_owned(), self.subject.name().into());
        fields.insert("outcome".to_owned(), self.outcome.name().into());
        fields.insert("finding".to_owned(), self.finding.into());
        for (name, fact) in &self.facts {
            fields.insert((*name).to_owned(), fact.json());
        }
        if let Some(Section(section)) = self.section {
            fields.insert("guide".to_owned(), section.into());
        }
        Value::Object(fields)
    }
}

/// The input of the checks.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The settings, or their problems.
    pub config: Result<&'a Config, &'a [Problem]>,
    /// The reader of the sentences.
    pub reader: Reader<'a>,
    /// The user whose connection is checked. Without a user, no check makes a request to Zoom.
    pub person: Option<&'a Person>,
}

impl Context<'_> {
    pub(super) fn plain(&self, message: Message) -> String {
        text::plain(self.reader.locale, message)
    }

    pub(super) fn text(&self, message: Message, values: &[(&str, &str)]) -> String {
        text::text(self.reader.locale, message, values)
    }

    pub(super) fn needs_settings(&self, subject: Subject) -> Check {
        let sentence = self.plain(Message::CheckNeedsSettings);
        Check::new(subject, Outcome::NotRun, "settings", sentence)
    }

    pub(super) fn needs_network(&self, subject: Subject) -> Check {
        let sentence = self.plain(Message::CheckNeedsNetwork);
        Check::new(subject, Outcome::NotRun, "network", sentence)
    }
}
