//! The targets of the Makefile that act on a server, run on a real server.
//!
//! They do not rebuild the plugin: `BUNDLE` is the bundle under test.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use libtest_mimic::Failed;
use plugin_tests::process::{Signal, forget_package, signal_group, wait_until};
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN, Site};
use plugin_tests::{bundle, workspace_root};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[
    ("make_deploy_uploads_a_bundle_as_it_is", deploys),
    ("make_reset_disable_and_enable_do_what_they_say", resets),
    ("make_logs_prints_what_the_plugin_wrote", prints_the_log),
    ("make_logs_watch_prints_what_it_writes", follows_the_log),
    ("make_says_what_the_server_refuses", tells_refusals),
];

/// The developer's account on the server.
enum Account {
    Token(String),
    Name,
    /// The socket of the local mode.
    Local,
}

fn make(site: &Site, account: &Account, words: &[&str]) -> Command {
    let mut make = Command::new("make");
    forget_package(&mut make);
    make.current_dir(workspace_root());
    make.arg("--no-print-directory").args(words);
    for name in [
        "MM_LOCALSOCKETPATH",
        "MM_ADMIN_TOKEN",
        "MM_ADMIN_USERNAME",
        "MM_ADMIN_PASSWORD",
    ] {
        make.env_remove(name);
    }
    make.env("MM_SERVICESETTINGS_SITEURL", site.server.url());
    match account {
        Account::Token(token) => make.env("MM_ADMIN_TOKEN", token),
        Account::Name => make
            .env("MM_ADMIN_USERNAME", ADMINISTRATOR)
            .env("MM_ADMIN_PASSWORD", PASSWORD),
        Account::Local => make.env("MM_LOCALSOCKETPATH", site.server.folder().join(SOCKET)),
    };
    make
}

/// Runs a command. Returns whether it succeeded, and its output.
fn run(mut make: Command) -> Result<(bool, String), Failed> {
    let output = make.stdin(Stdio::null()).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

fn succeeds(make: Command) -> Result<String, Failed> {
    match run(make)? {
        (true, text) => Ok(text),
        (false, text) => Err(text.into()),
    }
}

/// Waits until another process runs and is configured.
fn another(site: &Site, before: u32) -> Result<u32, Failed> {
    let found = wait_until(SOON, || match site.server.plugin_processes()[..] {
        [one] if one != before => Some(one),
        _ => None,
    });
    let found = found.ok_or_else(|| format!("still {:?}", site.server.plugin_processes()))?;
    until_configured(site)?;
    Ok(found)
}

fn deploys(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let first = process(site);
    let word = format!("BUNDLE={}", bundle()?.display());
    let token = Account::Token(site.administrator.token().to_owned());
    let told = succeeds(make(site, &token, &["deploy", &word]))?;
    assert!(told.contains("deployed and enabled"), "{told}");
    assert!(!told.contains(site.administrator.token()), "{told}");
    let second = another(site, first)?;
    // A disabled plugin is enabled.
    site.administrator.disable_plugin(PLUGIN)?;
    succeeds(make(site, &Account::Local, &["deploy", &word]))?;
    another(site, second)?;
    Ok(())
}

fn resets(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let before = process(site);
    succeeds(make(site, &Account::Name, &["reset"]))?;
    let after = another(site, before)?;
    succeeds(make(site, &Account::Local, &["disable"]))?;
    let none = || site.server.plugin_processes().is_empty().then_some(());
    assert!(wait_until(SOON, none).is_some());
    assert_eq!(site.administrator.plugin_state(PLUGIN)?, Some(0));
    succeeds(make(site, &Account::Name, &["enable"]))?;
    another(site, after)?;
    Ok(())
}

/// Makes the plugin write a log line.
fn provoke(site: &Site) -> Outcome {
    let mut forged = site
        .zoom
        .webhook_with(json!({"event": "a.b", "payload": {}}).to_string());
    forged.signature = "v0=00".to_owned();
    assert_eq!(site.deliver(&forged)?.status, 401);
    Ok(())
}

/// Whether a line is the plugin's line of [`provoke`].
fn is_provoked(line: &str) -> bool {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let message = line["msg"].as_str().unwrap_or_default();
    message.contains("its signature does not match") && line["plugin_id"] == PLUGIN
}

fn prints_the_log(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let printed = |account: &Account| succeeds(make(site, account, &["logs"]));
    let last = |text: &str| {
        text.lines()
            .rfind(|line| is_provoked(line))
            .map(str::to_owned)
    };
    let before = last(&printed(&Account::Local)?);
    provoke(site)?;
    for account in [Account::Local, Account::Name] {
        let fresh = wait_until(SOON, || {
            let now = last(&printed(&account).ok()?);
            (now.is_some() && now != before).then_some(())
        });
        assert!(fresh.is_some(), "it is not printed: {}", printed(&account)?);
    }
    let text = printed(&Account::Local)?;
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for line in lines {
        assert_eq!(line["plugin_id"], PLUGIN, "{line}");
    }
    Ok(())
}

fn follows_the_log(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let mut watch = make(site, &Account::Local, &["logs-watch"]);
    watch
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = watch.spawn()?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let (lines, printed) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    let until = |wanted: fn(&str) -> bool| {
        std::iter::from_fn(|| printed.recv_timeout(SOON).ok()).any(|line| wanted(&line))
    };
    let begun = until(|line| line.starts_with("new lines"));
    let provoked = provoke(site);
    let seen = begun && until(is_provoked);
    signal_group(&child, Signal::KILL);
    child.wait()?;
    provoked?;
    assert!(begun, "it does not begin");
    assert!(seen, "the line is not printed");
    Ok(())
}

fn tells_refusals(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let before = process(site);
    let stranger = Account::Token("no-token-of-this-server".to_owned());
    for (words, told) in [
        (vec!["reset"], "401"),
        (vec!["logs"], "401"),
        (vec!["deploy", "BUNDLE=/no/bundle"], "/no/bundle"),
    ] {
        let (succeeded, text) = run(make(site, &stranger, &words))?;
        assert!(!succeeded && text.contains(told), "{words:?}: {text}");
    }
    assert_eq!(process(site), before);
    Ok(())
}
