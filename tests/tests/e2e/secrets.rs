//! Secrets are stored only in their places.

use plugin_tests::site::Site;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    ("zm117_no_secret_is_in_the_log", log),
    ("d17_no_token_is_readable_in_the_database", database),
];

/// Creates secrets, so that this check also works alone.
fn fill(site: &Site) -> Result<(), plugin_tests::site::Error> {
    let (ada, room) = connected(site)?;
    site.zoom.expire_tokens();
    start(&ada, &room, "Secret")?;
    ada.asks(&room, "/zoom disconnect")?;
    let (ada, room) = connected(site)?;
    start(&ada, &room, "Secret")?;
    Ok(())
}

fn log(world: &mut World) -> Outcome {
    let site = world.ready()?;
    fill(site)?;
    let mut secrets = site.zoom.secrets();
    secrets.extend([site.webhook_secret.clone(), site.encryption_key.clone()]);
    assert!(secrets.len() > 10);
    let log = site.server.log_text();
    for line in log.lines() {
        let secret = secrets.iter().find(|secret| line.contains(secret.as_str()));
        assert!(secret.is_none(), "{secret:?} is in the log: {line}");
    }
    Ok(())
}

fn database(world: &mut World) -> Outcome {
    let site = world.ready()?;
    fill(site)?;
    let stored = site.stored()?;
    assert!(
        stored.lines().any(|line| line.starts_with("zoomtoken_")),
        "{stored}"
    );
    for secret in site.zoom.secrets() {
        let line = stored.lines().find(|line| line.contains(&secret));
        assert!(
            line.is_none(),
            "{secret} is stored: {}",
            line.unwrap_or_default()
        );
    }
    Ok(())
}
