//! `deploy`, `enable`, `disable`, `reset`, `logs`, and `watch`: a thin wrapper around the server's REST API.
//!
//! The variables are those of Mattermost's plugin starter template. `MM_LOCALSOCKETPATH` names the socket of a server in
//! local mode. Without it, `MM_SERVICESETTINGS_SITEURL` names the server, and `MM_ADMIN_TOKEN`, or `MM_ADMIN_USERNAME` and
//! `MM_ADMIN_PASSWORD`, name the account. `curl` sends the requests. It gets secrets on its standard input, so that the
//! process list does not show them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::bundle;
use crate::error::Error;
use crate::run::{read, root, variable};

/// The plugin's ID on the server.
const ID: &str = "zoom";
/// `logs` searches this many of the server's latest lines.
const LINES: usize = 1000;

/// Builds the bundle for this machine or takes `bundle`, uploads it, and enables the plugin in it.
pub fn deploy(bundle: Option<&Path>) -> Result<(), Error> {
    let server = Server::from_environment()?;
    match bundle {
        Some(bundle) if !bundle.is_file() => {
            let text = format!("there is no bundle {}", bundle.display());
            Err(Error::Needed(text))
        }
        Some(bundle) => server.deploy(bundle),
        None => server.deploy(&bundle::here()?.bundle),
    }
}

/// Sends one or more of the actions `enable` and `disable`.
pub fn change(actions: &[&str]) -> Result<(), Error> {
    let server = Server::from_environment()?;
    for action in actions {
        server.change(ID, action)?;
        println!("{action}d");
    }
    Ok(())
}

/// Prints the plugin's lines in the server's log, or, with `follow`, each new line until it is interrupted.
pub fn logs(follow: bool) -> Result<(), Error> {
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
pub fn watch() -> Result<(), Error> {
    Server::from_environment()?;
    loop {
        // A change during the build counts as a change after it.
        let built = newest()?;
        if let Err(error) = deploy(None) {
            println!("{error}");
        }
        println!("waiting for a change (press Ctrl-C to stop)");
        while newest()? == built {
            sleep(Duration::from_secs(1));
        }
    }
}

/// The number of source files and the time of the last change to one.
fn newest() -> Result<(usize, Option<SystemTime>), Error> {
    let mut command = Command::new("git");
    command.current_dir(root());
    command.args(["ls-files", "-z", "--cached", "--others"]);
    command.args(["--exclude-standard", "--", "*", ":!*.md", ":!tests"]);
    let names = read(&mut command).ok_or_else(|| Error::Failed("git ls-files".to_owned()))?;
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
    fn from_environment() -> Result<Self, Error> {
        if let Some(socket) = variable("MM_LOCALSOCKETPATH") {
            return Ok(Self {
                base: "http://localhost".to_owned(),
                options: vec![option("unix-socket", &socket)],
            });
        }
        let need = |name: &str| {
            variable(name).ok_or_else(|| {
                let text = "set MM_SERVICESETTINGS_SITEURL to the server's address, and MM_ADMIN_TOKEN \
                            (or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD) to an administrator's account";
                Error::Needed(text.to_owned())
            })
        };
        let base = need("MM_SERVICESETTINGS_SITEURL")?;
        let mut server = Self {
            base: base.trim_end_matches('/').to_owned(),
            options: Vec::new(),
        };
        let token = match variable("MM_ADMIN_TOKEN") {
            Some(token) => token,
            None => server.log_in(&need("MM_ADMIN_USERNAME")?, &need("MM_ADMIN_PASSWORD")?)?,
        };
        let header = format!("Authorization: Bearer {token}");
        server.options.push(option("header", &header));
        Ok(server)
    }

    fn log_in(&self, name: &str, password: &str) -> Result<String, Error> {
        let body = json!({ "login_id": name, "password": password }).to_string();
        let headers = [
            option("dump-header", "-"),
            option("output", "/dev/null"),
            option("data", &body),
        ];
        let headers = self.curl("/api/v4/users/login", &headers)?;
        let headers = headers.lines().filter_map(|line| line.split_once(':'));
        let mut tokens = headers.filter(|(name, _)| name.eq_ignore_ascii_case("token"));
        let token = tokens.next().map(|(_, value)| value.trim().to_owned());
        token.ok_or_else(|| Error::Failed("the server's login response has no token".to_owned()))
    }

    fn deploy(&self, bundle: &Path) -> Result<(), Error> {
        println!("> uploading {} to {}", bundle.display(), self.base);
        // The inner quotes protect characters that separate a form's options.
        let file = format!("plugin=@\"{}\"", escape(&bundle.display().to_string()));
        let form = [option("form", "force=true"), option("form", &file)];
        let answer = self.curl("/api/v4/plugins", &form)?;
        let manifest: Value = serde_json::from_str(&answer).unwrap_or_default();
        let id = manifest.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| Error::Failed(format!("the upload returned no ID: {answer}")))?;
        self.change(id, "enable")?;
        println!("deployed and enabled");
        Ok(())
    }

    fn change(&self, id: &str, action: &str) -> Result<(), Error> {
        let path = format!("/api/v4/plugins/{id}/{action}");
        self.curl(&path, &[option("request", "POST")]).map(drop)
    }

    /// The plugin's lines among the server's latest ones.
    fn log(&self) -> Result<Vec<String>, Error> {
        let path = format!("/api/v4/logs?page=0&logs_per_page={LINES}");
        let text = self.curl(&path, &[])?;
        let lines: Vec<String> = serde_json::from_str(&text)
            .map_err(|problem| Error::Failed(format!("{}{path}: {problem}", self.base)))?;
        let entries = lines.iter().filter_map(|line| {
            let entry: Value = serde_json::from_str(line).ok()?;
            Some((line.trim().to_owned(), entry))
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            let text = "the server returns no log lines: set LogSettings.EnableFile and LogSettings.FileJson to true";
            return Err(Error::Needed(text.to_owned()));
        }
        let ours = entries.into_iter().filter(|(_, entry)| {
            let id = entry.get("plugin_id").and_then(Value::as_str);
            id == Some(ID)
        });
        Ok(ours.map(|(line, _)| line).collect())
    }

    fn curl(&self, path: &str, options: &[String]) -> Result<String, Error> {
        let mut lines = self.options.clone();
        lines.extend_from_slice(options);
        lines.push(option("url", &format!("{}{path}", self.base)));
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail-with-body"]);
        command.args(["--max-time", "120", "--config", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let missing = |source| Error::Missing {
            program: "curl".to_owned(),
            source,
        };
        let mut child = command.spawn().map_err(missing)?;
        if let Some(mut input) = child.stdin.take() {
            let text = lines.join("\n");
            input.write_all(text.as_bytes()).map_err(missing)?;
        }
        let output = child.wait_with_output().map_err(missing)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(Error::Failed(format!("{}{path}: {text}", self.base)))
        }
    }
}

#[cfg(test)]
#[path = "../tests/unit/deploy.rs"]
mod tests;
