//! The test dependencies by themselves, without the plugin: if these fail, the plugin is not the cause.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::time::Duration;

use plugin_tests::cache_folder;
use plugin_tests::client::Client;
use plugin_tests::process::{processes_in, wait_until};
use plugin_tests::site::{Site, message};

fn tell(line: &str) {
    println!("{line}");
}

#[test]
fn a_site_starts_delivers_messages_and_leaves_no_process() {
    let logs = cache_folder().join("logs/harness");
    let mut site = Site::start(&logs, &mut tell).unwrap();
    let room = site.room("room").unwrap();
    let ada = site.person("ada", &room).unwrap();
    let bob = site.person("bob", &room).unwrap();
    assert!(!ada.events.connection_id().is_empty());

    let mark = bob.events.mark();
    let id = ada.client.write(&room.channel, "", "good morning").unwrap();
    let seen = bob
        .events
        .wait_for_post(mark, "posted", |post| message(post) == "good morning")
        .unwrap();
    assert_eq!(seen["id"], id.as_str());
    assert_eq!(
        bob.client.posts(&room.channel).unwrap()[0]["message"],
        "good morning"
    );

    let mark = ada.events.mark();
    ada.types(&room, "/header a new purpose").unwrap();
    ada.events
        .wait(mark, "the new header", |event| {
            event.name == "channel_updated"
        })
        .unwrap();

    assert_eq!(site.administrator.plugin_state("zoom").unwrap(), None);
    assert_eq!(site.stored().unwrap(), "");
    assert!(site.server.log_text().contains("Server is listening on"));

    let folder = site.server.plugin_folder();
    let status = site.server.stop().unwrap();
    assert!(status.success(), "{status:?}");
    site.server.start_again().unwrap();
    assert_eq!(
        message(&ada.client.post_by_id(&id).unwrap()),
        "good morning"
    );
    let url = site.server.url();
    drop(site);
    assert!(Client::new(&url).get("/api/v4/system/ping").is_err());
    let gone = wait_until(Duration::from_secs(5), || {
        processes_in(&folder).is_empty().then_some(())
    });
    assert!(gone.is_some());
}
