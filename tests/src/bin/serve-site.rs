//! Starts a test site for the browser suite and runs commands from standard input.
//!
//! The plugin on the site is installed and configured. Standard output gets one line of JSON when the site is ready.
//! Each line on standard input is a command, `{"do": …}`. Its response is one line, `{"ok": …}` or `{"error": …}`. At
//! the end of the input, the program stops the site and exits.
//!
//! `serve-site demo` starts the same as `make demo KEEP=1` instead, and exits at the end of the input.
#![allow(clippy::print_stdout, reason = "the protocol uses standard output")]

use std::error::Error;
use std::io::BufRead as _;
use std::process::ExitCode;

use plugin_tests::client::text_at;
use plugin_tests::site::{PASSWORD, PLUGIN, Person, Room, Site, explain, prop};
use plugin_tests::zoom::{Fault, Route, User};
use plugin_tests::{bundle, cache_folder, demo, process, scenario, workspace_root};
use serde_json::{Value, json};

/// Longer than a settings change takes on a slow machine.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

type Answer = Result<Value, Box<dyn Error>>;

fn main() -> ExitCode {
    let is_demo = std::env::args().nth(1).as_deref() == Some("demo");
    let outcome = if is_demo { demo() } else { serve() };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", json!({"error": explain(error.as_ref())}));
            ExitCode::FAILURE
        }
    }
}

/// Runs the demo. Its child processes end with this process.
fn demo() -> Result<(), Box<dyn Error>> {
    std::thread::spawn(|| {
        std::io::stdin().lock().lines().for_each(drop);
        std::process::exit(0);
    });
    let options = demo::Options {
        bundle: bundle()?,
        logs: cache_folder().join("logs/demo"),
        client: Some(workspace_root().join("webapp/build")),
    };
    Ok(demo::run(&options, &mut |line| println!("{line}"))?)
}

fn serve() -> Result<(), Box<dyn Error>> {
    let bundle = bundle()?;
    let site = Site::start(&cache_folder().join("logs/browser"), &mut |line| {
        eprintln!("{line}");
    })?;
    scenario::install(&site, &bundle, &mut |_| {})?;
    scenario::configure(&site, &mut |_| {})?;
    until_configured(&site)?;
    println!(
        "{}",
        json!({"ok": {"url": site.server.url(), "zoom": site.zoom.url()}})
    );
    let mut server = CommandServer {
        site,
        people: Vec::new(),
    };
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        match server.run(&command) {
            Ok(answer) => println!("{}", json!({"ok": answer})),
            Err(error) => println!("{}", json!({"error": explain(error.as_ref())})),
        }
    }
    Ok(())
}

/// Waits until the plugin has loaded its settings.
fn until_configured(site: &Site) -> Result<(), Box<dyn Error>> {
    let taken = process::wait_until(TIMEOUT, || {
        let answer = site.administrator.plugin_json("/none", &json!({})).ok()?;
        (answer.status == 404).then_some(())
    });
    taken.ok_or_else(|| "the plugin still says that it is not configured".into())
}

/// Runs commands.
struct CommandServer {
    site: Site,
    people: Vec<(Person, Room)>,
}

impl CommandServer {
    fn run(&mut self, command: &Value) -> Answer {
        match text_at(command, "/do")?.as_str() {
            "person" => self.person(command),
            "end" => self.end(command),
            "posts" => self.posts(command),
            "write" => self.write(command),
            "count" => Ok(json!(self.site.zoom.count(route(command)?))),
            "fail" => self.fail(command),
            "release" => {
                self.site.zoom.release();
                Ok(Value::Null)
            }
            "settings" => self.settings(command),
            unknown => Err(format!("unknown command: {unknown}").into()),
        }
    }

    /// Creates a user in a new channel, or in the channel of the user with the ID `in_channel_of`. If `connected` is
    /// true, connects the user to Zoom and chooses unique meeting IDs. If `administrator` is true, the user is a system
    /// admin.
    fn person(&mut self, command: &Value) -> Answer {
        let number = self.people.len();
        let room = match text_at(command, "/in_channel_of") {
            Ok(other) => self.of(&other)?.1.clone(),
            Err(_) => self.site.room(&format!("room{number}"))?,
        };
        let name = format!("person{number}");
        let account = User::new(&format!("{name}@zoom.example.com"));
        self.site.zoom.sign_in_as(account);
        let person = self.site.person(&name, &room)?;
        if command.get("connected").and_then(Value::as_bool) == Some(true) {
            self.site.connect(&person, &room)?;
            person.prefers(&room, "No")?;
        }
        if command.get("administrator").and_then(Value::as_bool) == Some(true) {
            let path = format!("/api/v4/users/{}/roles", person.client.user_id());
            let roles = json!({"roles": "system_user system_admin"});
            self.site.administrator.put(&path, &roles)?;
        }
        let answer = json!({
            "name": name, "password": PASSWORD, "id": person.client.user_id(),
            "team": room.team, "channel": room.channel,
        });
        self.people.push((person, room));
        Ok(answer)
    }

    fn of(&self, id: &str) -> Result<&(Person, Room), Box<dyn Error>> {
        let mut people = self.people.iter();
        let found = people.find(|(person, _)| person.client.user_id() == id);
        found.ok_or_else(|| format!("no user has the ID {id}").into())
    }

    /// Lets Zoom report that the meeting of a post started and ended.
    fn end(&mut self, command: &Value) -> Answer {
        let post = text_at(command, "/post")?;
        let post = self.site.administrator.post_by_id(&post)?;
        let link = prop(&post, "meeting_link");
        let meetings = self.site.zoom.meetings();
        let meeting = meetings.iter().find(|meeting| meeting.join_url == link);
        let meeting = meeting.ok_or("the post's meeting is unknown to Zoom")?;
        for event in ["meeting.started", "meeting.ended"] {
            let answer = self.site.deliver(&self.site.zoom.webhook(event, meeting))?;
            if answer.status != 200 {
                return Err(format!("{event} was answered {}", answer.status).into());
            }
        }
        Ok(Value::Null)
    }

    /// The posts of a channel.
    fn posts(&mut self, command: &Value) -> Answer {
        let channel = text_at(command, "/channel")?;
        Ok(Value::Array(self.site.administrator.posts(&channel)?))
    }

    /// Writes a message as the user `person` in the user's channel.
    fn write(&mut self, command: &Value) -> Answer {
        let (person, room) = self.of(&text_at(command, "/person")?)?;
        let root = text_at(command, "/root").unwrap_or_default();
        let id = person
            .client
            .write(&room.channel, &root, &text_at(command, "/message")?)?;
        Ok(json!(id))
    }

    fn fail(&mut self, command: &Value) -> Answer {
        let fault = match text_at(command, "/fault")?.as_str() {
            "server error" => Fault::server_error(),
            "rate limit" => Fault::rate_limited(30),
            "silence" => Fault::Silence,
            unknown => return Err(format!("unknown fault: {unknown}").into()),
        };
        self.site.zoom.fail_next(route(command)?, fault);
        Ok(Value::Null)
    }

    /// Saves complete settings in which `changes` replaces some values.
    fn settings(&mut self, command: &Value) -> Answer {
        let mut settings = self.site.settings();
        let changes = command.get("changes").and_then(Value::as_object);
        for (key, value) in changes.into_iter().flatten() {
            if let Some(setting) = settings.get_mut(key) {
                *setting = value.clone();
            }
        }
        self.site
            .administrator
            .configure_plugin(PLUGIN, &settings)?;
        Ok(Value::Null)
    }
}

fn route(command: &Value) -> Result<Route, Box<dyn Error>> {
    match text_at(command, "/route")?.as_str() {
        "meetings" => Ok(Route::CreateMeeting),
        "token" => Ok(Route::Token),
        unknown => Err(format!("unknown route: {unknown}").into()),
    }
}
