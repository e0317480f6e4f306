//! The site that all checks share, and common steps.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libtest_mimic::Failed;
use plugin_tests::process::wait_until;
use plugin_tests::scenario::{self, is_meeting};
use plugin_tests::site::{Error, PLUGIN, Person, Room, Site, explain, message};
use plugin_tests::zoom::User;
use plugin_tests::{bundle, cache_folder};
use serde_json::{Value, json};

/// A name that reads as a sentence, and what it does.
pub type Check = (&'static str, fn(&mut World) -> Outcome);
/// The result of a check.
pub type Outcome = Result<(), Failed>;

/// The local mode's socket, in the server's folder.
pub const SOCKET: &str = "local.socket";
/// Settings for the Makefile's targets: the local mode, and a log file.
const VARIABLES: [(&str, &str); 3] = [
    ("MM_LOGSETTINGS_ENABLEFILE", "true"),
    ("MM_SERVICESETTINGS_ENABLELOCALMODE", "true"),
    ("MM_SERVICESETTINGS_LOCALMODESOCKETLOCATION", SOCKET),
];

/// A generous timeout for slow machines.
pub const SOON: Duration = Duration::from_secs(30);

static WORLD: Mutex<Option<Result<World, String>>> = Mutex::new(None);
static NUMBER: AtomicU32 = AtomicU32::new(1);

fn lock() -> MutexGuard<'static, Option<Result<World, String>>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the site. If it fails, every check fails with the reason.
pub fn begin() {
    let started = World::start();
    if let Err(error) = &started {
        eprintln!("{error}");
    }
    *lock() = Some(started);
}

/// Runs a check on the site.
pub fn check(run: fn(&mut World) -> Outcome) -> Outcome {
    let mut world = lock();
    let world = world.as_mut().ok_or("there is no site")?;
    let world = world.as_mut().map_err(|error| error.as_str())?;
    let outcome = run(world);
    world.site.zoom.release();
    outcome
}

/// Stops the site, because values in statics are not dropped.
pub fn end() {
    drop(lock().take());
}

/// The site and its state.
pub struct World {
    pub site: Site,
    pub installed: bool,
    pub configured: bool,
}

impl World {
    fn start() -> Result<World, String> {
        // Fail before the slow start of a server.
        bundle().map_err(|error| error.to_string())?;
        let logs = cache_folder().join("logs/e2e");
        let site = Site::start_with(&logs, &VARIABLES, &mut |line| eprintln!("{line}"));
        let site = site.map_err(|error| explain(&error))?;
        Ok(World {
            site,
            installed: false,
            configured: false,
        })
    }

    /// A site with a running plugin, whose settings may be empty.
    pub fn installed(&mut self) -> Result<&mut Site, Failed> {
        if !self.installed {
            scenario::install(&self.site, &bundle()?, &mut |_| {})?;
            self.installed = true;
        }
        Ok(&mut self.site)
    }

    /// A site with a running, configured plugin.
    pub fn ready(&mut self) -> Result<&mut Site, Failed> {
        self.installed()?;
        if !self.configured {
            scenario::configure(&self.site, &mut |_| {})?;
            until_configured(&self.site)?;
            self.configured = true;
        }
        Ok(&mut self.site)
    }
}

/// A name that no other check uses.
pub fn name(prefix: &str) -> String {
    format!("{prefix}{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Saves valid settings with some of them replaced.
pub fn settings(site: &Site, changes: &Value) -> Result<(), Error> {
    let mut settings = site.settings();
    for (key, value) in changes.as_object().unwrap() {
        settings[key] = value.clone();
    }
    Ok(site.administrator.configure_plugin(PLUGIN, &settings)?)
}

/// Waits until the plugin has loaded valid settings.
pub fn until_configured(site: &Site) -> Result<(), Failed> {
    let taken = wait_until(SOON, || {
        let answer = site.administrator.plugin_json("/none", &json!({})).ok()?;
        (answer.status == 404).then_some(())
    });
    taken.ok_or_else(|| "the plugin still says that it is not configured".into())
}

/// The ID of the plugin's only process.
pub fn process(site: &Site) -> u32 {
    let processes = site.server.plugin_processes();
    assert_eq!(processes.len(), 1, "processes of the plugin: {processes:?}");
    processes[0]
}

/// A new room with a new user, whose browser is signed in to a new Zoom account.
pub fn person(site: &Site) -> Result<(Person, Room), Error> {
    let room = site.room(&name("room"))?;
    let name = name("person");
    site.zoom
        .sign_in_as(User::new(&format!("{name}@zoom.example.com")));
    Ok((site.person(&name, &room)?, room))
}

/// A new room with a new user who is connected to Zoom and uses unique meeting IDs.
pub fn connected(site: &Site) -> Result<(Person, Room), Error> {
    let (person, room) = person(site)?;
    let page = site.connect(&person, &room)?;
    assert_eq!(page.status, 200, "{}", page.text());
    person.prefers(&room, "No")?;
    Ok((person, room))
}

/// Further rooms of a person.
pub fn rooms(site: &Site, person: &Person, count: usize) -> Result<Vec<Room>, Error> {
    let user = person.client.user_id();
    let rooms = (0..count).map(|_| {
        let room = site.room(&name("room"))?;
        site.administrator.add_to_team(&room.team, user)?;
        site.administrator.add_to_channel(&room.channel, user)?;
        Ok(room)
    });
    rooms.collect()
}

/// Types `/zoom start TOPIC` and waits for the meeting's post.
pub fn start(person: &Person, room: &Room, topic: &str) -> Result<Value, Error> {
    let mark = person.events.mark();
    person.types(room, &format!("/zoom start {topic}"))?;
    let event = person.events.wait(mark, "the meeting's post", |event| {
        event.name == "ephemeral_message"
            || event.name == "posted" && event.post().is_some_and(|post| is_meeting(&post, room))
    })?;
    let post = event.post().unwrap_or_default();
    assert_eq!(event.name, "posted", "was told: {}", message(&post));
    Ok(post)
}

/// The meeting posts of a room.
pub fn meeting_posts(person: &Person, room: &Room) -> Result<Vec<Value>, Error> {
    let posts = person.client.posts(&room.channel)?;
    Ok(posts
        .into_iter()
        .filter(|post| is_meeting(post, room))
        .collect())
}
