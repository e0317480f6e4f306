//! The System Console's requests to install a plugin.
//!
//! The checks send the same requests as Mattermost's web client (`uploadPlugin` and `getOptions` of
//! `@mattermost/client`): the session in cookies, the CSRF header, and a form with the file. `force` is added after the
//! administrator has confirmed that the plugin is overwritten.

use std::path::Path;

use plugin_tests::bundle;
use plugin_tests::client::Client;
use plugin_tests::process::wait_until;
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN};
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "the_system_console_uploads_a_bundle_and_overwrites_it_when_told_to",
    uploads,
)];

fn uploads(world: &mut World) -> Outcome {
    let site = &world.site;
    let nobody = Client::new(&site.server.url());
    let console = nobody.log_in_to_browser(ADMINISTRATOR, PASSWORD)?;
    let bundle = bundle()?;
    // A small body, because the server responds without reading it, and may close the connection before a bundle is
    // sent.
    let small = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin.json"));
    let forged = console.from_another_site().ask_to_upload(small, false)?;
    assert_eq!(forged.status, 401, "from another site: {}", forged.text());
    assert_eq!(console.plugin_state(PLUGIN)?, None);

    let fresh = console.ask_to_upload(&bundle, false)?;
    assert_eq!(fresh.status, 201, "{}", fresh.text());
    assert_eq!(fresh.json()["id"], PLUGIN);
    console.enable_plugin(PLUGIN)?;
    let running = || (console.plugin_state(PLUGIN).ok()? == Some(2)).then_some(());
    assert!(wait_until(SOON, running).is_some(), "it does not run");
    world.installed = true;
    let site = &world.site;
    let before = process(site);

    let there = console.ask_to_upload(&bundle, false)?;
    let told = there.json();
    assert_eq!(there.status, 400, "{told}");
    assert_eq!(told["id"], "app.plugin.install_id.app_error", "{told}");
    assert_eq!(process(site), before, "what was refused changed something");

    let over = console.ask_to_upload(&bundle, true)?;
    assert_eq!(over.status, 201, "{}", over.text());
    let replaced = wait_until(SOON, || {
        let processes = site.server.plugin_processes();
        (processes.len() == 1 && processes[0] != before).then_some(())
    });
    assert!(replaced.is_some(), "{:?}", site.server.plugin_processes());
    assert!(wait_until(SOON, running).is_some(), "it runs no more");
    guides_open(&console)
}

/// The guides of the bundle open on the server, each from the overview.
fn guides_open(console: &Client) -> Outcome {
    let open = |name: &str| console.plugin(Method::GET, &format!("/public/docs/{name}"), &[], None);
    let overview = open("help.html")?;
    assert_eq!(overview.status, 200, "{}", overview.text());
    let overview = overview.text();
    let links = overview.split("href=\"").skip(1);
    let names: Vec<_> = links
        .filter_map(|link| link.split(['"', '#']).next())
        .collect();
    let names: Vec<_> = names
        .into_iter()
        .filter(|name| !name.contains("//"))
        .collect();
    assert!(names.contains(&"troubleshooting.html"), "{names:?}");
    for name in names {
        assert_eq!(open(name)?.status, 200, "{name}");
    }
    Ok(())
}
