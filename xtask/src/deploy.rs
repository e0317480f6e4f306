//! `deploy`, `enable`, `disable`, `reset`, `logs`, and `watch`: a thin wrapper around the server's REST API.
//!
//! The variables are those of Mattermost's plugin starter template. `MM_LOCALSOCKETPATH` names the socket of a server in
//! local mode. Without it, `MM_SERVICESETTINGS_SITEURL` names the server, and `MM_ADMIN_TOKEN`, or `MM_ADMIN_USERNAME` and
//! `MM_ADMIN_PASSWORD`, name the account. `curl` sends the requests. It gets secrets on its standard input, so that the
//! process list does not show them.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bundle;
use crate::run::{command, feed, output, root, variable};

/// The plugin's ID on the server.
const ID: &str = "zoom";
/// `logs` searches this many of the server's latest lines.
const LINES: usize = 1000;

/// Builds the bundle for this machine or takes `bundle`, uploads it, and enables the plugin in it.
pub fn deploy(bundle: Option<&Path>) -> Result<()> {
    let server = Server::from_environment()?;
    let bundle = match bundle {
        Some(bundle) => bundle.to_owned(),
        None => bundle::here()?.bundle,
    };
    ensure!(bundle.is_file(), "there is no bundle {}", bundle.display());
    println!("> uploading {} to {}", bundle.display(), server.base);
    // The inner quotes protect characters that separate a form's options.
    let file = format!("plugin=@\"{}\"", escape(&bundle.display().to_string()));
    let form = [option("form", "force=true"), option("form", &file)];
    let manifest: Value = serde_json::from_str(&server.curl("plugins", &form)?)?;
    let id = manifest.get("id").and_then(Value::as_str);
    server.change(id.context("the upload returned no ID")?, "enable")?;
    println!("deployed and enabled");
    Ok(())
}

/// Sends one or more of the actions `enable` and `disable`.
pub fn change(actions: &[&str]) -> Result<()> {
    let server = Server::from_environment()?;
    for action in actions {
        server.change(ID, action)?;
        println!("{action}d");
    }
    Ok(())
}

/// Prints the plugin's lines in the server's log, or, with `follow`, each new line until it is interrupted.
pub fn logs(follow: bool) -> Result<()> {
    let server = Server::from_environment()?;
    let mut last = None;
    if follow {
        last = server.log()?.pop();
        println!("new lines of the plugin {ID} (press Ctrl-C to stop)");
    }
    loop {
        let lines = server.log()?;
        let seen = lines.iter().rposition(|line| Some(line) == last.as_ref());
        for line in lines.iter().skip(seen.map_or(0, |at| at + 1)) {
            println!("{line}");
        }
        if !follow {
            return Ok(());
        }
        last = lines.last().cloned().or(last);
        sleep(Duration::from_secs(1));
    }
}

/// Deploys now and after each change, until it is interrupted.
pub fn watch() -> Result<()> {
    Server::from_environment()?;
    loop {
        // A change during the build counts as a change after it.
        let built = newest()?;
        if let Err(error) = deploy(None) {
            println!("{error:#}");
        }
        println!("waiting for a change (press Ctrl-C to stop)");
        while newest()? == built {
            sleep(Duration::from_secs(1));
        }
    }
}

/// The number of source files and the time of the last change to one.
fn newest() -> Result<(usize, Option<SystemTime>)> {
    let words = "git ls-files -z --cached --others --exclude-standard -- * :!*.md :!tests";
    let names = output(&mut command(words))?;
    let time = |name: &str| root().join(name).metadata().and_then(|of| of.modified());
    let times: Vec<_> = names.split('\0').flat_map(time).collect();
    Ok((times.len(), times.into_iter().max()))
}

/// A server and an administrator's account.
struct Server {
    base: String,
    /// Lines of a curl configuration.
    options: Vec<String>,
}

/// An option of a curl configuration.
fn option(name: &str, value: &str) -> String {
    format!("{name} = \"{}\"", escape(value))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

impl Server {
    fn from_environment() -> Result<Self> {
        let mut server = Self {
            base: "http://localhost".to_owned(),
            options: Vec::new(),
        };
        if let Some(socket) = variable("MM_LOCALSOCKETPATH") {
            server.options.push(option("unix-socket", &socket));
            return Ok(server);
        }
        let need = |name: &str| {
            variable(name).context(
                "set MM_SERVICESETTINGS_SITEURL to the server's address, and MM_ADMIN_TOKEN (or MM_ADMIN_USERNAME and \
                 MM_ADMIN_PASSWORD) to an administrator's account",
            )
        };
        let base = need("MM_SERVICESETTINGS_SITEURL")?;
        base.trim_end_matches('/').clone_into(&mut server.base);
        let token = match variable("MM_ADMIN_TOKEN") {
            Some(token) => token,
            None => server.log_in(&need("MM_ADMIN_USERNAME")?, &need("MM_ADMIN_PASSWORD")?)?,
        };
        let header = format!("Authorization: Bearer {token}");
        server.options.push(option("header", &header));
        Ok(server)
    }

    fn log_in(&self, name: &str, password: &str) -> Result<String> {
        let body = json!({ "login_id": name, "password": password }).to_string();
        let options = [
            ("dump-header", "-"),
            ("output", "/dev/null"),
            ("data", &body),
        ];
        let headers = self.curl(
            "users/login",
            &options.map(|(name, value)| option(name, value)),
        )?;
        let mut headers = headers.lines().filter_map(|line| line.split_once(':'));
        let token = headers.find(|(name, _)| name.eq_ignore_ascii_case("token"));
        let (_, token) = token.context("the server's login response has no token")?;
        Ok(token.trim().to_owned())
    }

    fn change(&self, id: &str, action: &str) -> Result<()> {
        let path = format!("plugins/{id}/{action}");
        self.curl(&path, &[option("request", "POST")]).map(drop)
    }

    /// The plugin's lines among the server's latest ones.
    fn log(&self) -> Result<Vec<String>> {
        let text = self.curl(&format!("logs?page=0&logs_per_page={LINES}"), &[])?;
        let lines: Vec<String> = serde_json::from_str(&text)?;
        let id = |line: &String| {
            let entry: Value = serde_json::from_str(line).ok()?;
            Some(entry.get("plugin_id").and_then(Value::as_str) == Some(ID))
        };
        ensure!(
            lines.iter().any(|line| id(line).is_some()),
            "the server returns no log lines: set LogSettings.EnableFile and LogSettings.FileJson to true"
        );
        let ours = lines.iter().filter(|line| id(line) == Some(true));
        Ok(ours.map(|line| line.trim().to_owned()).collect())
    }

    fn curl(&self, path: &str, options: &[String]) -> Result<String> {
        let url = format!("{}/api/v4/{path}", self.base);
        let lines = [&self.options, options, &[option("url", &url)]].concat();
        let words = "curl --silent --show-error --fail-with-body --max-time 120 --config -";
        let (text, succeeded) = feed(&mut command(words), &lines.join("\n"))?;
        ensure!(succeeded, "{url}: {text}");
        Ok(text)
    }
}

#[cfg(test)]
#[path = "../tests/unit/deploy.rs"]
mod tests;
