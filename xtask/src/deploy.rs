//! Uploading a bundle to a server, with the variables that plugin developers already use.
//!
//! `MM_LOCALSOCKETPATH` names the socket of a server in local mode. Without it,
//! `MM_SERVICESETTINGS_SITEURL` names the server, and `MM_ADMIN_TOKEN`, or `MM_ADMIN_USERNAME` and
//! `MM_ADMIN_PASSWORD`, the account. The requests are made by `curl`, which every developer's machine has
//! and which knows proxies and certificates. Secrets reach it on its standard input, so that no list of
//! processes shows them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bundle;
use crate::error::Error;
use crate::run::variable;

/// The plugin's id on the server.
pub const ID: &str = "zoom";

/// Builds the bundle, uploads it in place of an earlier one and enables it. It is for this machine's system.
pub fn deploy() -> Result<(), Error> {
    let server = Server::from_environment()?;
    let dist = bundle::here()?;
    server.deploy(&dist.bundle)?;
    Ok(())
}

/// Does the same with a bundle that is there, as it is.
pub fn deploy_file(bundle: &Path) -> Result<(), Error> {
    if !bundle.is_file() {
        let text = format!("there is no bundle {}", bundle.display());
        return Err(Error::Needed(text));
    }
    Server::from_environment()?.deploy(bundle)
}

/// Enables the plugin that is on the server.
pub fn enable() -> Result<(), Error> {
    Server::from_environment()?.enable(ID)?;
    println!("enabled");
    Ok(())
}

/// Disables it. Its settings and what it stored stay.
pub fn disable() -> Result<(), Error> {
    Server::from_environment()?.disable(ID)?;
    println!("disabled");
    Ok(())
}

/// Disables and enables it, so that a new process starts.
pub fn reset() -> Result<(), Error> {
    let server = Server::from_environment()?;
    server.disable(ID)?;
    server.enable(ID)?;
    println!("disabled and enabled again");
    Ok(())
}

/// A server and an administrator's account on it.
pub struct Server {
    base: String,
    /// Lines of a curl configuration.
    options: Vec<String>,
}

/// An option of a curl configuration, quoted.
fn option(name: &str, value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name} = \"{escaped}\"")
}

impl Server {
    /// The one that the environment names. With a name and a password it logs in.
    pub fn from_environment() -> Result<Self, Error> {
        if let Some(socket) = variable("MM_LOCALSOCKETPATH") {
            let options = vec![option("unix-socket", &socket)];
            return Ok(Self {
                base: "http://localhost".to_owned(),
                options,
            });
        }
        let site = variable("MM_SERVICESETTINGS_SITEURL").ok_or_else(|| {
            let text = "set MM_SERVICESETTINGS_SITEURL to the server's address, and MM_ADMIN_TOKEN \
                        (or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD) to an administrator's account";
            Error::Needed(text.to_owned())
        })?;
        let mut server = Self {
            base: site.trim_end_matches('/').to_owned(),
            options: Vec::new(),
        };
        let token = match variable("MM_ADMIN_TOKEN") {
            Some(token) => token,
            None => {
                let needed = || {
                    Error::Needed(
                        "set MM_ADMIN_TOKEN, or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD".to_owned(),
                    )
                };
                let name = variable("MM_ADMIN_USERNAME").ok_or_else(needed)?;
                let password = variable("MM_ADMIN_PASSWORD").ok_or_else(needed)?;
                server.log_in(&name, &password)?
            }
        };
        server
            .options
            .push(option("header", &format!("Authorization: Bearer {token}")));
        Ok(server)
    }

    fn log_in(&self, name: &str, password: &str) -> Result<String, Error> {
        let body = serde_json::json!({ "login_id": name, "password": password }).to_string();
        let options = [
            option("data", &body),
            "dump-header = \"-\"".to_owned(),
            "output = \"/dev/null\"".to_owned(),
        ];
        let headers = self.curl("/api/v4/users/login", &options)?;
        let token = headers.lines().filter_map(|line| line.split_once(':'));
        let mut token = token.filter(|(name, _)| name.eq_ignore_ascii_case("token"));
        let token = token.next().map(|(_, value)| value.trim().to_owned());
        token.ok_or_else(|| Error::Failed("the log-in gave no token".to_owned()))
    }

    fn deploy(&self, bundle: &Path) -> Result<(), Error> {
        let id = self.upload(bundle)?;
        self.enable(&id)?;
        println!("deployed and enabled");
        Ok(())
    }

    /// Uploads a bundle and answers with the id of the plugin in it.
    fn upload(&self, bundle: &Path) -> Result<String, Error> {
        println!("> uploading {} to {}", bundle.display(), self.base);
        // Quoted, because a name may have what separates a form's options.
        let name = bundle.display().to_string();
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        let file = format!("plugin=@\"{name}\"");
        let path = "/api/v4/plugins";
        let form = [option("form", "force=true"), option("form", &file)];
        let answer = self.curl(path, &form)?;
        let manifest: Option<Value> = serde_json::from_str(&answer).ok();
        let id = manifest.and_then(|manifest| Some(manifest.get("id")?.as_str()?.to_owned()));
        id.ok_or_else(|| Error::Failed(format!("{}{path} gave no id: {answer}", self.base)))
    }

    fn enable(&self, id: &str) -> Result<(), Error> {
        self.change(id, "enable")
    }

    fn disable(&self, id: &str) -> Result<(), Error> {
        self.change(id, "disable")
    }

    fn change(&self, id: &str, action: &str) -> Result<(), Error> {
        let path = format!("/api/v4/plugins/{id}/{action}");
        self.curl(&path, &[option("request", "POST")]).map(drop)
    }

    /// The newest lines of the server's log, in their order.
    pub fn log(&self, lines: usize) -> Result<Vec<String>, Error> {
        let path = format!("/api/v4/logs?page=0&logs_per_page={lines}");
        let text = self.curl(&path, &[])?;
        serde_json::from_str(&text)
            .map_err(|problem| Error::Failed(format!("{}{path}: {problem}", self.base)))
    }

    fn curl(&self, path: &str, options: &[String]) -> Result<String, Error> {
        let mut lines = self.options.clone();
        lines.extend_from_slice(options);
        lines.push(option("url", &format!("{}{path}", self.base)));
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "120",
            "--config",
            "-",
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let missing = |source| Error::Missing {
            program: "curl".to_owned(),
            source,
        };
        let mut child = command.spawn().map_err(missing)?;
        if let Some(mut input) = child.stdin.take() {
            input
                .write_all(lines.join("\n").as_bytes())
                .map_err(missing)?;
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
mod tests {
    use super::{Server, deploy_file, option};
    use crate::run::scratch;
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::thread::{self, JoinHandle};

    /// Answers one connection after the other, and tells what was asked.
    fn serve(answers: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
        serve_with("{}", answers)
    }

    fn serve_with(
        body: &'static str,
        answers: Vec<&'static str>,
    ) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = move || {
            let take = |answer: &str| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = receive(&mut stream);
                let length = body.len();
                let head = format!("Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
                write!(stream, "HTTP/1.1 {answer}\r\n{head}").unwrap();
                request
            };
            answers.into_iter().map(take).collect()
        };
        (base, thread::spawn(asked))
    }

    fn receive(stream: &mut TcpStream) -> String {
        let mut seen = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let length = stream.read(&mut chunk).unwrap();
            seen.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&seen);
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let announced = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            });
            let whole = text.contains("\r\n\r\n") && body.len() >= announced.unwrap_or(0);
            if length == 0 || whole {
                return text.into_owned();
            }
        }
    }

    #[test]
    fn the_bundle_is_uploaded_with_the_token_and_the_plugin_in_it_enabled() {
        let (base, asked) = serve_with(r#"{"id":"x"}"#, vec!["201 Created", "200 OK"]);
        let options = vec![option("header", "Authorization: Bearer secret")];
        let server = Server { base, options };
        let folder = scratch("deploy");
        let bundle = folder.join("a;type=b, \"c\".tar.gz");
        fs::write(&bundle, "the bundle").unwrap();
        server.deploy(&bundle).unwrap();
        fs::remove_dir_all(folder).unwrap();
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /api/v4/plugins HTTP"));
        assert!(asked[0].contains("name=\"plugin\"") && asked[0].contains("the bundle"));
        assert!(asked[0].contains("name=\"force\""));
        assert!(asked[1].starts_with("POST /api/v4/plugins/x/enable HTTP"));
        assert!(
            asked
                .iter()
                .all(|request| request.contains("Authorization: Bearer secret"))
        );
    }

    #[test]
    fn an_upload_that_is_answered_without_an_id_is_an_error() {
        let (base, asked) = serve(vec!["201 Created"]);
        let options = Vec::new();
        let this = std::env::current_exe().unwrap();
        let error = Server { base, options }.upload(&this).unwrap_err();
        assert!(error.to_string().contains("no id"), "{error}");
        asked.join().unwrap();
    }

    #[test]
    fn a_bundle_that_is_not_there_is_named() {
        let error = deploy_file(Path::new("/no/bundle")).unwrap_err();
        assert!(error.to_string().contains("/no/bundle"), "{error}");
    }

    #[test]
    fn disabling_and_enabling_are_two_requests() {
        let (base, asked) = serve(vec!["200 OK", "200 OK"]);
        let options = Vec::new();
        let server = Server { base, options };
        server.disable("x").unwrap();
        server.enable("x").unwrap();
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /api/v4/plugins/x/disable HTTP"));
        assert!(asked[1].starts_with("POST /api/v4/plugins/x/enable HTTP"));
    }

    #[test]
    fn the_log_is_asked_for_by_its_newest_lines() {
        let (base, asked) = serve_with(r#"["one","\ntwo"]"#, vec!["200 OK"]);
        let options = Vec::new();
        let lines = Server { base, options }.log(7).unwrap();
        assert_eq!(lines, ["one", "\ntwo"]);
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("GET /api/v4/logs?page=0&logs_per_page=7 HTTP"));
    }

    #[test]
    fn logging_in_answers_with_the_token_of_the_response() {
        let (base, asked) = serve(vec!["200 OK\r\nToken: abc"]);
        let server = Server {
            base,
            options: Vec::new(),
        };
        assert_eq!(server.log_in("ada", "a\"b\\c").unwrap(), "abc");
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /api/v4/users/login HTTP"));
        assert!(
            asked[0].ends_with(r#"{"login_id":"ada","password":"a\"b\\c"}"#),
            "{}",
            asked[0]
        );
    }

    #[test]
    fn a_refusal_is_an_error_with_the_answer() {
        let (base, asked) = serve(vec!["403 Forbidden"]);
        let server = Server {
            base,
            options: Vec::new(),
        };
        assert!(server.enable("x").unwrap_err().to_string().contains("{}"));
        asked.join().unwrap();
    }

    #[test]
    fn an_option_cannot_end_its_own_quotes() {
        let line = option("data", r#"{"password":"a\b"}"#);
        assert_eq!(line, r#"data = "{\"password\":\"a\\b\"}""#);
    }
}
