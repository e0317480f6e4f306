//! The process ends while names are resolved.
//!
//! A thread in the system's resolver cannot be canceled: it waits until the name servers answer, or for minutes. The test
//! starts itself again in new namespaces (`unshare`), in which the only name server is a socket that never answers, begins requests
//! with the real resolver, and shuts down as the process does. Where namespaces are not permitted, it prints why, and a function
//! that blocks takes the place of the resolver.

use std::io;
use std::io::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::start::{executors, shut_down};

/// How long the process may take to end. Without the protection, it takes as long as the resolver.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_process_ends_while_a_name_server_is_silent() {
    #[cfg(target_os = "linux")]
    let unavailable = match silent_server::run() {
        silent_server::Outcome::Passed => return,
        silent_server::Outcome::Unavailable(why) => why,
    };
    #[cfg(not(target_os = "linux"))]
    let unavailable = "only Linux has namespaces".to_owned();
    // Not captured, so that it is seen although the test passes.
    let _ = writeln!(
        io::stderr(),
        "no test of shutdown with the system's resolver: {unavailable}; a blocking function takes its place"
    );
    ends_while_threads_block();
}

fn ends_while_threads_block() {
    let [rpc, events] = executors().unwrap();
    let (started, starts) = mpsc::channel();
    let mut answers = Vec::new();
    for executor in [&rpc, &events] {
        let (answer, silence) = mpsc::channel::<()>();
        answers.push(answer);
        let started = started.clone();
        executor.spawn_blocking(move || {
            started.send(()).unwrap();
            let _ = silence.recv();
        });
    }
    starts.recv().unwrap();
    starts.recv().unwrap();
    let (ended, end_of_process) = mpsc::channel();
    thread::spawn(move || {
        shut_down([rpc, events]);
        ended.send(()).unwrap();
    });
    end_of_process.recv_timeout(LIMIT).unwrap();
    drop(answers);
}

#[cfg(target_os = "linux")]
mod silent_server {
    use super::*;

    use std::fs;
    use std::io::{BufRead as _, BufReader};
    use std::net::UdpSocket;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::time::Instant;

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
    use url::Url;

    use crate::outgoing::{Outgoing, Request};
    use crate::policy::AddressTrust;

    /// Set in the process with the silent name server.
    const INSIDE: &str = "SHUTDOWN_TEST_INSIDE";

    const TEST: &str = "process::shutdown_tests::the_process_ends_while_a_name_server_is_silent";

    /// The resolver waits for minutes: five times thirty seconds, the most that glibc accepts.
    const RESOLVER: &str = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n";

    /// The lines that the process prints.
    const LOOKING: &str = "SHUTDOWN_TEST: the name server was asked";
    const UNAVAILABLE: &str = "SHUTDOWN_TEST: unavailable: ";

    /// Prepares the namespaces, and executes the test in them. With a network of its own, anybody can bind to port 53.
    const SCRIPT: &str = r#"
        unavailable() { echo "SHUTDOWN_TEST: unavailable: $1"; exit 0; }
        if [ "$1" = --net ]; then ip link set lo up || unavailable "no loopback interface"; fi
        mount --bind "$2" /etc/resolv.conf || unavailable "resolv.conf cannot be replaced"
        shift 2
        exec "$@"
    "#;

    /// For everybody, for a privileged process, and for a system on which everybody may bind to port 53.
    const NAMESPACES: [&[&str]; 3] = [
        &["--user", "--map-root-user", "--mount", "--net"],
        &["--mount", "--net"],
        &["--user", "--map-root-user", "--mount"],
    ];

    pub(super) enum Outcome {
        Passed,
        Unavailable(String),
    }

    pub(super) fn run() -> Outcome {
        if std::env::var_os(INSIDE).is_some() {
            inside();
            return Outcome::Passed;
        }
        let mut reasons = Vec::new();
        for namespaces in NAMESPACES {
            match ends(namespaces) {
                Ok(()) => return Outcome::Passed,
                Err(why) => reasons.push(format!("unshare {}: {why}", namespaces.join(" "))),
            }
        }
        Outcome::Unavailable(reasons.join("; "))
    }

    /// Runs the test in new namespaces.
    ///
    /// # Errors
    ///
    /// With the reason that it cannot run there.
    fn ends(namespaces: &[&str]) -> Result<(), String> {
        let resolver = std::env::temp_dir().join(format!("resolv-{}.conf", std::process::id()));
        fs::write(&resolver, RESOLVER).unwrap();
        let mut command = Command::new("unshare");
        command.args(namespaces).args(["sh", "-c", SCRIPT, "sh"]);
        command.args(namespaces.last());
        command.arg(&resolver).arg(std::env::current_exe().unwrap());
        command.args([TEST, "--exact", "--nocapture"]);
        command.env(INSIDE, "1").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn();
        let ended = started.map_err(|error| format!("unshare: {error}"));
        let ended = ended.and_then(|mut process| ended_after_question(&mut process));
        fs::remove_file(resolver).unwrap();
        ended
    }

    /// Waits until the process has asked the name server, and then until it has ended.
    fn ended_after_question(process: &mut Child) -> Result<(), String> {
        let mut said = String::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line.contains(LOOKING) {
                let status = end(process);
                assert!(status.success(), "{status}: {said}");
                return Ok(());
            }
            if let Some((_, why)) = line.split_once(UNAVAILABLE) {
                end(process);
                return Err(why.to_owned());
            }
            said.push_str(&line);
        }
        let status = end(process);
        let errors = io::read_to_string(process.stderr.take().unwrap()).unwrap();
        // `unshare` reports what the kernel refuses. A test that failed has said so.
        assert!(
            !said.contains("panicked") && !said.contains("FAILED"),
            "{said} {errors}"
        );
        Err(format!("{status}: {}", errors.trim()))
    }

    /// Waits for the end of the process. If it takes too long, the test fails.
    fn end(process: &mut Child) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                return status;
            }
            if begin.elapsed() > LIMIT {
                process.kill().unwrap();
                process.wait().unwrap();
                panic!("the process waits for the name server");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// In the namespaces: begins a request on each executor, and shuts down when the name server was asked.
    fn inside() {
        let server = match UdpSocket::bind("127.0.0.1:53") {
            Ok(server) => server,
            Err(why) => return say(&format!("{UNAVAILABLE}port 53: {why}")),
        };
        let (asked, questions) = unbounded_channel();
        thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok(length) = server.recv(&mut question) {
                let question = &question[..length];
                for name in ["rpc", "events"] {
                    // As DNS writes it: each label after its length.
                    let label = [&[name.len() as u8], name.as_bytes()].concat();
                    if question.windows(label.len()).any(|part| part == label) {
                        let _ = asked.send(name);
                    }
                }
            }
        });
        let [rpc, events] = executors().unwrap();
        let elsewhere = events.spawn(fetch("events"));
        let is_asked = rpc.block_on(async {
            let here = tokio::spawn(fetch("rpc"));
            tokio::select! {
                () = both(questions) => true,
                _ = async { tokio::join!(here, elsewhere) } => false,
            }
        });
        if !is_asked {
            return say(&format!(
                "{UNAVAILABLE}the resolver does not use resolv.conf"
            ));
        }
        say(LOOKING);
        shut_down([rpc, events]);
    }

    /// Waits until both names were asked for.
    async fn both(mut questions: UnboundedReceiver<&'static str>) {
        let mut names = std::collections::BTreeSet::new();
        while names.len() < 2 {
            match questions.recv().await {
                Some(name) => names.insert(name),
                None => std::future::pending().await,
            };
        }
    }

    /// A request with the system's resolver.
    async fn fetch(name: &'static str) {
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let outgoing = Outgoing::trusting(vec![key.cert.der().clone()]).with_variables(|_| None);
        let request = Request {
            method: "GET".to_owned(),
            url: Url::parse(&format!("https://{name}.silent.example/")).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(300),
            max_body: 0,
            trust: AddressTrust::PublicOnly,
        };
        drop(outgoing.send(request).await);
    }

    fn say(line: &str) {
        let mut output = io::stdout();
        writeln!(output, "{line}").unwrap();
        output.flush().unwrap();
    }
}
