//! Clicks on the buttons and menus of a setup.

use crate::bindings::audit::Outcome;
use crate::bindings::channels;
use crate::bindings::files;
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::posts::{self, Author};
use crate::bindings::settings as host;
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::config::{ConnectionMode, Partial, Setting};
use crate::platform::buttons::{self, Click, Refusal};
use crate::platform::channels::{Place, channel_locale, show_to_user};
use crate::platform::ids::is_id;
use crate::platform::people::{MANAGE_SYSTEM, Person};
use crate::platform::{clock, log};
use crate::setup::wizard::actions::Action;
use crate::setup::wizard::facts::{Facts, Step};
use crate::setup::wizard::{access, command, instructions, manifest, message, trail};
use crate::store::setup_record::{self, Setup};
use crate::text::{self, Message};

/// The sentence for the user who clicked, if the message does not say it.
type Answer = Result<Option<String>, Error>;

/// A click in the setup in progress.
struct Clicked<'a> {
    settings: Partial,
    facts: Facts,
    setup: Setup,
    person: &'a Person,
    click: &'a Click,
}

/// Handles a click of a signed-in user.
pub fn handle(settings: Partial, request: &Request, user_id: &str) -> Response {
    let click = match buttons::parse_click(request, user_id) {
        Ok(click) => click,
        Err(refusal) => return refusal.response(),
    };
    let Some(action) = Action::from_name(&click.context.action) else {
        return Refusal::Malformed.response();
    };
    let answer = Person::load(user_id).and_then(|person| {
        let answer = examine(settings, &click, action, &person);
        answer.or_else(|error| {
            log::warn(
                "A step of the setup failed.",
                &[("step", action.name()), ("error", &error.to_string())],
            );
            trail::note(action.name(), Outcome::Fail);
            Ok(Some(text::plain(person.locale, Message::MattermostFailed)))
        })
    });
    match answer {
        Ok(None) => buttons::accepted(),
        Ok(Some(sentence)) => buttons::accepted_with_message(&sentence),
        Err(_) => buttons::accepted_with_message(&text::plain(
            channel_locale(),
            Message::MattermostFailed,
        )),
    }
}

/// Checks that the click is by a system admin, in the current message, and on a button of the current step.
fn examine(settings: Partial, click: &Click, action: Action, person: &Person) -> Answer {
    let say = |message| Ok(Some(text::plain(person.locale, message)));
    if !users::has_permission(&person.id, MANAGE_SYSTEM)? {
        trail::note(action.name(), Outcome::Fail);
        return say(Message::SetupAdmins);
    }
    let setup = setup_record::with_message(&click.post_id)?;
    let Some(setup) = setup.filter(|setup| setup.user_id == person.id) else {
        return say(Message::SetupMoved);
    };
    let facts = Facts::load(&settings, &setup)?;
    let step = facts.step(&setup);
    if action.step().is_some_and(|wanted| wanted != step) {
        show(&facts, &setup, person)?;
        return say(Message::SetupOtherStep);
    }
    let clicked = Clicked {
        settings,
        facts,
        setup,
        person,
        click,
    };
    clicked.perform(action)
}

/// Updates the message, and ends the setup after the last step.
fn show(facts: &Facts, setup: &Setup, person: &Person) -> Result<(), Error> {
    message::update(facts, setup, person.locale)?;
    match facts.step(setup) {
        Step::Done => setup_record::remove(),
        _ => Ok(()),
    }
}

impl Clicked<'_> {
    fn perform(self, action: Action) -> Answer {
        if action != Action::Check {
            trail::note(action.name(), Outcome::Attempt);
        }
        match action {
            Action::Check => self.check(),
            Action::ChooseMode => self.ask(&[Setting::ConnectionMode]),
            Action::KeepMode => self.advance(|setup| setup.mode_kept = true),
            Action::Manifest => self.send_manifest(),
            Action::AppCreated => self.advance(|setup| setup.app_created = true),
            Action::EnterCredentials => {
                self.note_new_secrets()?;
                self.ask(&self.facts.credentials)
            }
            Action::Generate => {
                self.note_new_secrets()?;
                self.generate()
            }
            Action::Connect => self.connect(),
            Action::Subscribe => self.subscribe(),
            Action::SkipEvents => self.advance(|setup| setup.events_skipped = true),
            Action::Announce => self.announce(),
            Action::SkipAnnouncement => self.advance(|setup| setup.announced = true),
            Action::HandOver => self.hand_over(),
            Action::Cancel => command::cancel(&self.setup).map(|()| None),
        }
    }

    fn say(&self, message: Message) -> Answer {
        Ok(Some(text::plain(self.person.locale, message)))
    }

    /// Records a finished step and shows the next one.
    fn advance(&self, apply: impl Fn(&mut Setup)) -> Answer {
        match setup_record::change(&self.setup, apply)? {
            Some(setup) => {
                let facts = Facts::load(&self.settings, &setup)?;
                show(&facts, &setup, self.person)?;
                Ok(None)
            }
            None => self.say(Message::SetupMoved),
        }
    }

    /// Shows the facts of this moment.
    fn check(&self) -> Answer {
        show(&self.facts, &self.setup, self.person)?;
        match self.facts.step(&self.setup) {
            Step::Events => self.say(Message::SetupNotValidated),
            Step::Connect => self.say(Message::SetupNotConnected),
            Step::Credentials | Step::Secrets | Step::Console => self.say(Message::SetupNotSaved),
            _ => Ok(None),
        }
    }

    /// Records that the secrets of webhooks may change now.
    fn note_new_secrets(&self) -> Result<(), Error> {
        let now = clock::now_ms();
        let noted = setup_record::change(&self.setup, |setup| {
            setup.secrets_changed_at = now;
            setup.validated_at = 0;
            setup.connected.clear();
        });
        noted.map(drop)
    }

    /// Opens the host's form. The message changes when the server reports the new settings.
    fn ask(&self, settings: &[Setting]) -> Answer {
        let keys: Vec<_> = settings.iter().map(|one| one.key().to_owned()).collect();
        match host::ask(&self.click.trigger_id, &keys) {
            Ok(()) => Ok(None),
            Err(error) => {
                log::warn(
                    "The form for settings could not be opened.",
                    &[("error", &error.to_string())],
                );
                self.say(Message::SetupNoForm)
            }
        }
    }

    /// Lets the host generate empty secrets. A value that is not valid is replaced only by the form.
    fn generate(&self) -> Answer {
        let mut invalid = Vec::new();
        for setting in &self.facts.secrets {
            match host::generate(setting.key()) {
                Ok(()) => {}
                Err(Error::Conflict | Error::Invalid(_)) => invalid.push(*setting),
                // The user manages the system, so the rule is that the configuration is read-only.
                Err(Error::Denied(_)) => {
                    let sentence = instructions::read_only(&self.facts.secrets, self.person.locale);
                    return Ok(Some(sentence));
                }
                Err(error) => return Err(error),
            }
        }
        match invalid.is_empty() {
            true => Ok(None),
            false => self.ask(&invalid),
        }
    }

    /// Posts the app manifest as a file.
    fn send_manifest(&self) -> Answer {
        let Some(content) = manifest::build(self.facts.mode, &self.facts.site) else {
            return self.say(Message::SetupOtherStep);
        };
        let channel = &self.setup.channel_id;
        let file = files::upload(channel, manifest::FILE_NAME, &content)?;
        let text = text::plain(self.person.locale, Message::SetupManifest);
        let mut draft = self.place().draft(text, "", String::new());
        draft.file_ids = vec![file];
        posts::create(Author::Bot, &draft)?;
        Ok(None)
    }

    fn place(&self) -> Place<'_> {
        Place {
            channel_id: &self.setup.channel_id,
            root_id: "",
        }
    }

    /// Offers the link to connect. In server-to-server mode, asks Zoom whether the credentials are right.
    fn connect(self) -> Answer {
        let mode = self.facts.mode;
        let Ok(config) = self.settings.complete() else {
            return Ok(Some(text::plain(
                self.person.locale,
                Message::SetupNotSaved,
            )));
        };
        let place = Place {
            channel_id: &self.setup.channel_id,
            root_id: "",
        };
        if mode != ConnectionMode::ServerToServer {
            let link = access::offer_link(&config, self.person, place)?;
            return Ok(show_to_user(&self.person.id, place, &link)
                .err()
                .map(|_| link));
        }
        match access::check_credentials(&config, self.person) {
            Ok(()) => {
                let connected = |setup: &mut Setup| setup.connected = mode.value().to_owned();
                if let Some(setup) = setup_record::change(&self.setup, connected)? {
                    message::show_now(&setup)?;
                }
                Ok(None)
            }
            Err(sentence) => {
                trail::note(Action::Connect.name(), Outcome::Fail);
                Ok(Some(sentence))
            }
        }
    }

    /// Creates the event subscription through Zoom's API.
    fn subscribe(self) -> Answer {
        let Ok(config) = self.settings.complete() else {
            return Ok(Some(text::plain(
                self.person.locale,
                Message::SetupNotSaved,
            )));
        };
        // The first of two clicks at the same time creates it.
        let claimed = std::cell::Cell::new(false);
        let claim = setup_record::change(&self.setup, |setup| {
            claimed.set(!setup.subscribed);
            setup.subscribed = true;
        })?;
        let (Some(setup), true) = (claim, claimed.get()) else {
            let locale = self.person.locale;
            return Ok(Some(text::plain(locale, Message::SetupOtherStep)));
        };
        let Err(failure) = access::subscribe(&config, self.person) else {
            message::show_now(&setup)?;
            return Ok(None);
        };
        trail::note(Action::Subscribe.name(), Outcome::Fail);
        // After a timeout, Zoom may have created it, so another attempt could create a second one.
        let setup = match failure.may_have_happened {
            true => Some(setup),
            false => setup_record::change(&self.setup, |setup| setup.subscribed = false)?,
        };
        if let Some(setup) = setup {
            message::show_now(&setup)?;
        }
        Ok(Some(failure.sentence))
    }

    /// Announces the plugin in a channel in which the user may post. A menu's choice is not signed, so everything about it
    /// is checked.
    fn announce(&self) -> Answer {
        let channel_id = self.click.context.selected_option.as_str();
        if !is_id(channel_id) {
            return self.say(Message::SetupNoChannel);
        }
        let allowed = channels::is_member(channel_id, &self.person.id)?
            && channels::has_permission(&self.person.id, channel_id, "create_post")?;
        if !allowed || channels::get(channel_id)?.archived {
            return self.say(Message::SetupNoChannel);
        }
        // The first of two clicks at the same time posts.
        let claimed = std::cell::Cell::new(false);
        let announced = setup_record::change(&self.setup, |setup| {
            claimed.set(!setup.announced);
            setup.announced = true;
        })?;
        let (Some(setup), true) = (announced, claimed.get()) else {
            return self.say(Message::SetupOtherStep);
        };
        let text = match self.facts.mode {
            ConnectionMode::UserManaged => Message::SetupAnnouncedUser,
            _ => Message::SetupAnnouncedAccount,
        };
        let place = Place {
            channel_id,
            root_id: "",
        };
        let draft = place.draft(text::plain(channel_locale(), text), "", String::new());
        if let Err(error) = posts::create(Author::Bot, &draft) {
            setup_record::change(&setup, |setup| setup.announced = false)?;
            return Err(error);
        }
        let facts = Facts::load(&self.settings, &setup)?;
        show(&facts, &setup, self.person)?;
        Ok(None)
    }

    /// Lets another system admin continue.
    fn hand_over(&self) -> Answer {
        let user_id = self.click.context.selected_option.as_str();
        if !is_id(user_id) {
            return self.say(Message::SetupNotAdmin);
        }
        let next = match Person::load(user_id) {
            Ok(next) if !next.deactivated && users::has_permission(&next.id, MANAGE_SYSTEM)? => {
                next
            }
            Ok(_) | Err(Error::NotFound) => return self.say(Message::SetupNotAdmin),
            Err(error) => return Err(error),
        };
        if next.id == self.person.id {
            return Ok(None);
        }
        let setup = command::begin(&next)?;
        let user = format!("@{}", self.person.username);
        let told = text::text(next.locale, Message::SetupHandedOver, &[("user", &user)]);
        let place = Place {
            channel_id: &setup.channel_id,
            root_id: "",
        };
        posts::create(Author::Bot, &place.draft(told, "", String::new()))?;
        Ok(None)
    }
}
