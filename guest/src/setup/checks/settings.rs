//! The settings, the Site URL, and the encryption key.

use crate::bindings::config::site_url;
use crate::config::{Problem, Setting};
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::text::Message;

/// The settings: one check per problem, or one that passes. The Site URL and the encryption key have their own.
pub(super) fn run(context: &Context<'_>) -> Vec<Check> {
    let problems = context.config.err().unwrap_or_default();
    let mut checks: Vec<_> = problems
        .iter()
        .map(|problem| of_problem(context, *problem))
        .collect();
    for subject in [Subject::EncryptionKey, Subject::SiteUrl, Subject::Settings] {
        if !checks.iter().any(|check| check.subject == subject) {
            let good = match subject {
                Subject::SiteUrl => site(context),
                _ => Check::passed(subject),
            };
            checks.insert(0, good);
        }
    }
    checks.sort_by_key(|check| order(check.subject));
    checks
}

fn order(subject: Subject) -> u8 {
    match subject {
        Subject::Settings => 0,
        Subject::SiteUrl => 1,
        _ => 2,
    }
}

fn of_problem(context: &Context<'_>, problem: Problem) -> Check {
    let setting = problem.setting();
    let subject = match setting {
        Setting::SiteUrl => Subject::SiteUrl,
        Setting::EncryptionKey => Subject::EncryptionKey,
        _ => Subject::Settings,
    };
    let finding = match problem {
        Problem::EncryptionKeyLength => "key_length",
        Problem::ZoomUrl | Problem::ZoomApiUrl => "not_a_url",
        Problem::Masked(_) => "masked",
        Problem::NotBoolean(_) => "not_boolean",
        _ => "empty",
    };
    let sentence = problem.sentence(context.reader.locale);
    Check::new(subject, Outcome::Failed, finding, sentence)
        .fact("setting", Fact::Word(setting.label()))
        .explained(match setting {
            Setting::EncryptionKey | Setting::WebhookSecret => {
                "zoom-app.html#1-generate-the-plugins-secrets"
            }
            Setting::ClientId | Setting::ClientSecret | Setting::ZoomWebhookSecret => {
                "zoom-app.html#3-enter-the-apps-credentials-in-mattermost"
            }
            _ => "troubleshooting.html#the-plugin-answers-with-status-501",
        })
}

/// The Site URL. Zoom delivers webhooks only over `https`.
fn site(context: &Context<'_>) -> Check {
    let address = site_url().unwrap_or_default().to_ascii_lowercase();
    if address.starts_with("https://") {
        return Check::passed(Subject::SiteUrl);
    }
    let sentence = context.plain(Message::CheckSiteUrlNoTls);
    Check::new(Subject::SiteUrl, Outcome::Warning, "not_https", sentence)
        .explained("troubleshooting.html#zoom-refuses-the-endpoint-url")
}
