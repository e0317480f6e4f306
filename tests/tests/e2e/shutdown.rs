//! The plugin ends with the server, however the server ends.

use plugin_tests::process::wait_until;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    ("a_restarted_server_finds_everybody_connected", restart),
    ("a_stopped_server_leaves_no_process", stopped),
    ("a_killed_server_leaves_no_process", killed),
];

fn restart(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = connected(site)?;
    let room = site.room(&name("room"))?;
    site.administrator
        .add_to_team(&room.team, ada.client.user_id())?;
    site.administrator
        .add_to_channel(&room.channel, ada.client.user_id())?;
    site.server.stop();
    site.server.start_again()?;
    until_configured(site)?;
    let events = plugin_tests::websocket::Listener::connect(&ada.client)?;
    let ada = plugin_tests::site::Person {
        client: ada.client,
        events,
    };
    start(&ada, &room, "After the restart")?;
    Ok(())
}

fn stopped(world: &mut World) -> Outcome {
    let site = world.ready()?;
    process(site);
    let status = site.server.stop();
    let left = site.server.plugin_processes();
    site.server.start_again()?;
    until_configured(site)?;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

/// The plugin is not asked to stop. It notices that its server has ended.
fn killed(world: &mut World) -> Outcome {
    let site = world.ready()?;
    process(site);
    site.server.kill();
    let gone = wait_until(SOON, || {
        site.server.plugin_processes().is_empty().then_some(())
    });
    let left = site.server.plugin_processes();
    site.server.start_again()?;
    until_configured(site)?;
    assert!(gone.is_some(), "left behind: {left:?}");
    Ok(())
}
