//! A site that takes orders: the peers of the browser suite, which is not written in Rust.
//!
//! It boots a site with the plugin installed and configured and says so with a line of JSON on standard
//! output. From then on each line on standard input is an order, `{"do": …}`, and is answered with one
//! line, `{"ok": …}` or `{"error": …}`. It ends, with everything it started, when its input ends.
#![allow(
    clippy::print_stdout,
    reason = "a program that talks over its standard streams"
)]

use std::error::Error;
use std::io::BufRead as _;
use std::process::ExitCode;

use plugin_tests::client::text_at;
use plugin_tests::site::{PASSWORD, PLUGIN, Person, Room, Site, explain, prop};
use plugin_tests::zoom::{Fault, Route, User};
use plugin_tests::{bundle, cache_folder, process, scenario};
use serde_json::{Value, json};

/// Longer than a settings change takes on a slow machine.
const SOON: std::time::Duration = std::time::Duration::from_secs(30);

type Answer = Result<Value, Box<dyn Error>>;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", json!({"error": explain(error.as_ref())}));
            ExitCode::FAILURE
        }
    }
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
    let mut desk = Desk {
        site,
        people: Vec::new(),
    };
    for line in std::io::stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        match desk.obey(&order) {
            Ok(answer) => println!("{}", json!({"ok": answer})),
            Err(error) => println!("{}", json!({"error": explain(error.as_ref())})),
        }
    }
    Ok(())
}

/// Waits until the plugin has taken its settings in.
fn until_configured(site: &Site) -> Result<(), Box<dyn Error>> {
    let taken = process::wait_until(SOON, || {
        let answer = site.administrator.plugin_json("/none", &json!({})).ok()?;
        (answer.status == 404).then_some(())
    });
    taken.ok_or_else(|| "the plugin still says that it is not configured".into())
}

/// Where orders are taken.
struct Desk {
    site: Site,
    people: Vec<(Person, Room)>,
}

impl Desk {
    fn obey(&mut self, order: &Value) -> Answer {
        match text_at(order, "/do")?.as_str() {
            "person" => self.person(order),
            "end" => self.end(order),
            "posts" => self.posts(order),
            "write" => self.write(order),
            "count" => Ok(json!(self.site.zoom.count(route(order)?))),
            "fail" => self.fail(order),
            "release" => {
                self.site.zoom.release();
                Ok(Value::Null)
            }
            "settings" => self.settings(order),
            unknown => Err(format!("nobody knows how to do {unknown}").into()),
        }
    }

    /// Makes a person with a room of their own, or in the room of somebody else (`beside`, a user id);
    /// connected to Zoom with unique meeting ids if `connected` says so.
    fn person(&mut self, order: &Value) -> Answer {
        let number = self.people.len();
        let room = match text_at(order, "/beside") {
            Ok(beside) => self.of(&beside)?.1.clone(),
            Err(_) => self.site.room(&format!("room{number}"))?,
        };
        let name = format!("person{number}");
        let account = User::new(&format!("{name}@zoom.example.com"));
        self.site.zoom.sign_in_as(account);
        let person = self.site.person(&name, &room)?;
        if order.get("connected").and_then(Value::as_bool) == Some(true) {
            self.site.connect(&person, &room)?;
            person.prefers(&room, "No")?;
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
        found.ok_or_else(|| format!("nobody has the id {id}").into())
    }

    /// Zoom reports that the meeting of a post started and ended.
    fn end(&mut self, order: &Value) -> Answer {
        let post = text_at(order, "/post")?;
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
    fn posts(&mut self, order: &Value) -> Answer {
        let channel = text_at(order, "/channel")?;
        Ok(Value::Array(self.site.administrator.posts(&channel)?))
    }

    /// Somebody (`person`) writes in their room.
    fn write(&mut self, order: &Value) -> Answer {
        let (person, room) = self.of(&text_at(order, "/person")?)?;
        let root = text_at(order, "/root").unwrap_or_default();
        let id = person
            .client
            .write(&room.channel, &root, &text_at(order, "/message")?)?;
        Ok(json!(id))
    }

    fn fail(&mut self, order: &Value) -> Answer {
        let fault = match text_at(order, "/fault")?.as_str() {
            "server error" => Fault::server_error(),
            "rate limit" => Fault::rate_limited(30),
            "silence" => Fault::Silence,
            unknown => return Err(format!("no fault is called {unknown}").into()),
        };
        self.site.zoom.fail_next(route(order)?, fault);
        Ok(Value::Null)
    }

    /// Saves the right settings with some of them replaced.
    fn settings(&mut self, order: &Value) -> Answer {
        let mut settings = self.site.settings();
        let changes = order.get("changes").and_then(Value::as_object);
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

fn route(order: &Value) -> Result<Route, Box<dyn Error>> {
    match text_at(order, "/route")?.as_str() {
        "meetings" => Ok(Route::CreateMeeting),
        "token" => Ok(Route::Token),
        unknown => Err(format!("no route is called {unknown}").into()),
    }
}
