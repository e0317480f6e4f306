//! The host's own route that shows system admins what the component may do.

use std::process::Command;

use plugin_tests::client::Client;
use plugin_tests::site::PLUGIN;
use serde_json::Value;
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "the_sandbox_panel_shows_a_system_admin_what_runs",
    sandbox_panel,
)];

/// The name of the restriction of system calls.
const SECCOMP: &str = "system calls (seccomp)";

/// The answer is compared with the executable that runs, the kernel, and the settings.
fn sandbox_panel(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = connected(site)?;
    let nobody = Client::new(&site.server.url());
    let panel = |client: &Client| client.plugin(Method::GET, "/_host/sandbox", &[], None);
    assert_eq!(panel(&nobody)?.status, 401);
    let refused = panel(&ada.client)?;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let answer = panel(&site.administrator)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Cache-Control"), "no-store");
    let seen = answer.json();

    let manifest: Value = serde_json::from_str(include_str!("../../../plugin.json"))?;
    let policy = &manifest["props"]["sandbox"];
    let hosts = seen["allowed_hosts"].as_array().ok_or("no hosts")?;
    let rules: Vec<_> = hosts.iter().map(|host| host["rule"].clone()).collect();
    assert_eq!(Value::Array(rules), policy["http"]["hosts"]);
    let entered = hosts.iter().find(|host| host["rule"] == "setting:ZoomURL");
    let entered = entered.ok_or("no ZoomURL")?["url"].as_str();
    assert_eq!(entered, Some(site.zoom.url().trim_end_matches('/')));
    for (kind, limits) in policy["limits"].as_object().ok_or("no limits")? {
        assert_eq!(&seen["limits"][kind], limits, "{kind}");
    }

    let running = process(site);
    let mut described = Command::new(format!("/proc/{running}/exe"));
    let described = described.arg("--describe").output()?;
    let described = String::from_utf8(described.stdout)?;
    let sum = seen["component"]["sha256"].as_str().ok_or("no checksum")?;
    assert!(sum.len() == 64 && described.contains(sum), "{described}");
    let version = seen["plugin"]["version"].as_str().ok_or("no version")?;
    assert!(
        described.starts_with(&format!("plugin {PLUGIN} {version},")),
        "{described}"
    );
    for import in seen["component"]["imports"]
        .as_array()
        .ok_or("no imports")?
    {
        let import = import.as_str().ok_or("no name")?;
        assert!(
            described.contains(&format!(
                "  {import}
"
            )),
            "{import}"
        );
    }

    let status = std::fs::read_to_string(format!("/proc/{running}/status"))?;
    let active = |name: &str| {
        let parts = seen["confinement"].as_array()?.iter();
        let mut parts = parts.filter(|part| part["name"].as_str().is_some_and(|n| n == name));
        parts.next()?["active"].as_bool()
    };
    let privileges = status.contains("NoNewPrivs:	1");
    assert_eq!(active("no new privileges"), Some(privileges), "{seen}");
    assert_eq!(
        active(SECCOMP),
        Some(status.contains("Seccomp:	2")),
        "{seen}"
    );
    let server = seen["server_version"].as_str().ok_or("no server")?;
    assert!(server.split('.').count() >= 3, "{server}");
    Ok(())
}
