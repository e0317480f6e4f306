//! The demo: the scenario on a real site, which can then keep running for a person.
//!
//! The Mattermost server has no webapp. If the site keeps running, the server serves a small test client in its place,
//! the one of the browser suite, and the client signs the scenario's user in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Progress;
use crate::client::Client;
use crate::scenario::{self, NAME, Outcome};
use crate::site::{ADMINISTRATOR, Error, PASSWORD, Person, Room, Site};
use crate::websocket::Listener;
use crate::zoom::App;

/// The files of the test client that the demo serves.
const FILES: [&str; 3] = ["globals-18.js", "e2e-page.js", "e2e-page.css"];

/// Options of the demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bundle to upload.
    pub bundle: PathBuf,
    /// The folder for logs.
    pub logs: PathBuf,
    /// The folder with the built test client. With a folder, all servers keep running until this process is
    /// interrupted, and the server serves the client.
    pub client: Option<PathBuf>,
}

/// Starts a site, runs the scenario on it, and ends it or keeps it running.
pub fn run(options: &Options, progress: Progress) -> Result<(), Error> {
    let site = Site::start(&options.logs, progress)?;
    scenario::install(&site, &options.bundle, progress)?;
    scenario::configure(&site, progress)?;
    let Outcome { room, .. } = scenario::play(&site, progress)?;
    let Some(client) = &options.client else {
        return Ok(());
    };
    choose_unique_ids(&site, &room)?;
    serve_client(&site, &room, client)?;
    progress("all servers keep running until you press Ctrl-C");
    progress(&format!(
        "  accounts: {ADMINISTRATOR} and {NAME}, both with the password {PASSWORD}"
    ));
    let App {
        client_id,
        client_secret,
        webhook_secret,
    } = site.zoom.app();
    progress(&format!("  mock Zoom server: {}", site.zoom.url()));
    progress(&format!(
        "  its app: client ID {client_id}, client secret {client_secret}, secret token {webhook_secret}"
    ));
    progress(&format!("  logs: {}", options.logs.display()));
    progress(&format!("open {} in a browser", site.server.url()));
    progress(&format!(
        "  A small test client signs you in as {NAME}. Click the camera in the channel header to start a meeting."
    ));
    loop {
        std::thread::park();
    }
}

/// Chooses unique meeting IDs for the user, so that a click on the camera starts a meeting without a question.
fn choose_unique_ids(site: &Site, room: &Room) -> Result<(), Error> {
    let client = Client::new(&site.server.url()).log_in(NAME, PASSWORD)?;
    let events = Listener::connect(&client)?;
    Person { client, events }.prefers(room, "No")
}

/// Serves the test client at the address of the server.
fn serve_client(site: &Site, room: &Room, client: &Path) -> Result<(), Error> {
    let folder = site.server.folder().join("client");
    let failed = |name: &str| {
        let path = client.join(name);
        move |error| Error::TestClient(path, error)
    };
    for name in FILES {
        fs::copy(client.join(name), folder.join(name)).map_err(failed(name))?;
    }
    let Room { team, channel } = room;
    let page = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Test client</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/e2e-page.css">
</head>
<body data-user="{NAME}" data-password="{PASSWORD}" data-team="{team}" data-channel="{channel}" data-app-bar="off">
<div id="root"></div>
<script src="/static/globals-18.js"></script>
<script src="/static/e2e-page.js"></script>
</body>
</html>
"#
    );
    fs::write(folder.join("root.html"), page).map_err(failed("root.html"))
}
