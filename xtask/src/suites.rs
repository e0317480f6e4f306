//! `cargo xtask test`: runs everything that CI runs, one suite after the other.
//!
//! A suite that fails does not stop the others. If a tool is missing, its suite is skipped and the command that installs
//! it is printed. With `CI=true`, missing tools and skipped tests are failures.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::bundle::Dist;
use crate::platforms::{LINUX, LINUX_ARM, PLATFORMS, Platform, WINDOWS};
use crate::run::{cargo_with, command, go, output, read, run, shown, strict};
use crate::test_summary::{Format, Reader, Summary};
use crate::zig::Zig;
use crate::{bench, bundle, checksums, emulator, imports, parity, toolchain, webapp};

/// Runs all suites. The last line is the total.
pub fn test() -> Result<()> {
    let mut session = Session::with_lints()?;
    session.supply_chain();
    session.webapp();
    session.rust_tests();
    session.bundle_suites();
    session.conclude()
}

/// Runs the lints and the unit and component tests.
pub fn quick() -> Result<()> {
    let mut session = Session::with_lints()?;
    session.webapp();
    session.rust_tests();
    session.conclude()
}

/// Checks the formatting and runs the lints.
pub fn check_style() -> Result<()> {
    let mut session = Session::with_lints()?;
    if session.has_node() && session.step("webapp packages", webapp::install).is_some() {
        session.webapp_style();
    }
    session.conclude()
}

/// Runs the browser suite, or only the tests whose titles contain the given words.
pub fn browser(words: &[&str]) -> Result<()> {
    let mut suite = webapp::browser_suite(&bundle::here()?.bundle)?;
    if !words.is_empty() {
        suite.args(["-t", &words.join(" ")]);
    }
    run(&mut suite)
}

/// Runs the Go supervisor suite with the executables for other systems, in emulators.
pub fn emulated() -> Result<()> {
    let mut session = Session::new();
    let emulators = [
        (&WINDOWS, "wine64", emulator::WINE),
        (&LINUX_ARM, "qemu-user-static", "qemu-aarch64-static"),
    ];
    let installed = emulators.into_iter().filter(|(_, package, program)| {
        let install = format!("apt-get install {package}");
        session.has(package, &install, &format!("{program} --version"))
    });
    let platforms: Vec<_> = installed.map(|(platform, ..)| platform).collect();
    ensure!(!platforms.is_empty(), "there is no emulator");
    if let Some(zig) = session.zig() {
        let dist = bundle::tried(&platforms, Some(&zig))?;
        for platform in platforms {
            session.emulated(platform, &dist, &zig);
        }
    }
    session.conclude()
}

/// Updates the screenshots of the gallery.
pub fn screens() -> Result<()> {
    webapp::build_pages()?;
    let mut suite = webapp::npm(&["run", "--silent", "e2e", "--", "gallery"]);
    run(suite.env("UPDATE_SCREENS", "yes"))
}

struct Session {
    strict: bool,
    total: Summary,
    failures: Vec<String>,
}

impl Session {
    fn new() -> Self {
        Self {
            strict: strict(),
            total: Summary::default(),
            failures: Vec::new(),
        }
    }

    /// Checks the formatting and runs the lints of the Rust code first.
    fn with_lints() -> Result<Self> {
        toolchain::complete()?;
        toolchain::add_tools()?;
        let mut session = Self::new();
        session.check("formatting", &mut cargo_with("fmt --all --check"));
        let lints = "clippy --locked --release --workspace --all-targets -- -D warnings";
        session.check("lints", &mut cargo_with(lints));
        let lints = "clippy --locked --profile guest --target wasm32-wasip2 \
                     -p zoom-guest -p hello-guest -p hostile-guest -- -D warnings";
        session.check("lints of the components", &mut cargo_with(lints));
        Ok(session)
    }

    fn supply_chain(&mut self) {
        let install = toolchain::installs("cargo-deny");
        if self.has("cargo-deny", &install, "cargo deny --version") {
            let deny = "deny --locked --log-level error check licenses bans sources";
            self.check("licenses and sources", &mut cargo_with(deny));
        }
        self.step("no compiler in the executable", || {
            for platform in &PLATFORMS {
                let mut tree = cargo_with("tree --locked -p mattermost-plugin-host -e normal");
                let tree = output(tree.args(["--target", platform.triple]))?;
                for compiler in ["cranelift-codegen", "winch-codegen"] {
                    let name = platform.name;
                    ensure!(
                        !tree.contains(compiler),
                        "{compiler} is in the host for {name}"
                    );
                }
            }
            Ok(())
        });
    }

    /// Runs the webapp's checks that need no server.
    fn webapp(&mut self) {
        if !self.has_node() {
            return;
        }
        self.step("webapp", webapp::build_pages);
        self.webapp_style();
        let mut tests = webapp::npm(&["run", "--silent", "test", "--", "--reporter=tap-flat"]);
        self.suite("webapp on React 17, 18, and 19", &mut tests, Format::Tap);
    }

    fn webapp_style(&mut self) {
        self.check("style of the webapp", &mut webapp::npm(&["run", "lint"]));
    }

    fn has_go(&mut self) -> bool {
        let go = "https://go.dev/dl/ (1.26.3 or newer)";
        self.has("go", go, "go version")
    }

    fn has_node(&mut self) -> bool {
        let node = "https://nodejs.org (20.19 or newer)";
        self.has("npm", node, "npm --version")
    }

    fn rust_tests(&mut self) {
        self.step("test coverage by number", parity::check);
        let mut tests =
            cargo_with("test --locked --release --workspace --no-fail-fast --exclude plugin-tests");
        // Component tests mostly wait, for answers and between retries.
        tests.env("RUST_TEST_THREADS", "8");
        self.suite("unit and component tests", &mut tests, Format::Cargo);
        // At this point the host is built like the benchmarks need it.
        self.step("benchmarks of the parts, once each", bench::try_pieces);
    }

    /// Runs the suites that need the bundle.
    fn bundle_suites(&mut self) {
        let zig = self.zig();
        let zig = zig.as_ref();
        let hello = self.step("another component on the same host", || bundle::hello(zig));
        // The other systems take as long again; a weekly workflow runs `make dist` and `make emulated`.
        let platforms: &[&Platform] = &[&LINUX];
        let dist = self.step("bundle", || bundle::tried(platforms, zig));
        let Some(dist) = dist else { return };
        let Ok(executable) = dist.executable() else {
            return;
        };
        self.step("a second build gives the same bytes", || {
            bundle::again(&dist, platforms, zig)
        });
        let mut verify = command(&format!(
            "sha256sum --strict --quiet -c {}",
            checksums::NAME
        ));
        self.check("checksums of the bundles", verify.current_dir(&dist.folder));
        self.step("imports", || imports::compare_executable(executable));
        let has_go = self.has_go();
        if has_go {
            let mut description = go_test("tests/description", &[]);
            self.suite(
                "Go description of the API",
                description.arg("."),
                Format::Go,
            );
        }
        if has_go && let Some(hello) = &hello {
            let variables = executables(executable, hello);
            for module in ["v017", "v043"] {
                let mut tests = go_test(&format!("tests/supervisor/{module}"), &variables);
                self.suite(
                    &format!("Go supervisor {module}"),
                    tests.arg("."),
                    Format::Go,
                );
            }
        }
        let mut e2e = cargo_with("test --locked --release -p plugin-tests --no-fail-fast");
        e2e.env("PLUGIN_BUNDLE", &dist.bundle);
        self.suite("Mattermost server", &mut e2e, Format::Cargo);
        if has_go && let Some(hello) = &hello {
            let mut baseline = go_test("tests/bench/go-baseline", &[]);
            self.suite("Go baseline", baseline.arg("./..."), Format::Go);
            // With a few events, to check that it works. The results are ignored.
            let bench = || bench::try_whole(&dist.bundle, hello);
            self.step("server benchmarks, once each", bench);
        }
        let install = "apt-get install chromium fonts-noto-cjk";
        if self.has_node() && self.has("chromium", install, "chromium --version") {
            let pages = || webapp::browser_suite(&dist.bundle);
            if let Some(mut suite) = self.step("pages for the browser", pages) {
                self.suite("browser", &mut suite, Format::Tap);
            }
        }
    }

    /// The linker for releases.
    fn zig(&mut self) -> Option<Zig> {
        let (install, ask) = (
            "apt-get install python3-venv",
            "python3 -c __import__('ensurepip')",
        );
        let installed = self.has("python3-venv", install, ask);
        installed
            .then(|| self.step("linker", Zig::install))
            .flatten()
    }

    /// Tests the executable for another system in an emulator.
    fn emulated(&mut self, platform: &Platform, dist: &Dist, zig: &Zig) {
        let launchers = self.step(&format!("another component on {}", platform.name), || {
            emulator::launchers(platform, dist, zig)
        });
        let Some(launchers) = launchers else { return };
        if !self.has_go() {
            return;
        }
        let mut variables = executables(&launchers.plugin, &launchers.hello);
        if platform.name == WINDOWS.name {
            variables.push(("PLUGIN_NETWORK", "tcp".into()));
        }
        if let Some(events) = launchers.events {
            variables.push(("HELLO_EVENTS", events.to_string().into()));
        }
        let mut tests = go_test("tests/supervisor/v043", &variables);
        // Leave out endurance and load tests: they would measure the emulator.
        tests.args([
            "-run=Test/(lifecycle|plugin|http|sandbox)",
            "-skip=Test/http/answers",
            ".",
        ]);
        self.suite(
            &format!("Go supervisor with {}", platform.name),
            &mut tests,
            Format::Go,
        );
    }

    /// Whether a tool is installed. If not, prints how to install it.
    fn has(&mut self, tool: &str, install: &str, question: &str) -> bool {
        if read(&mut command(question)).is_some() {
            return true;
        }
        println!("\n== {tool} is missing, install it: {install}");
        let missing = Summary::new(0, u64::from(self.strict), 1);
        self.record(&format!("{tool} is missing"), missing);
        false
    }

    /// Runs a command that counts as one test.
    fn check(&mut self, name: &str, command: &mut Command) {
        self.step(name, || run(command));
    }

    /// Runs a function that counts as one test. Returns its value if it succeeds.
    fn step<T>(&mut self, name: &str, action: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n== {name}");
        let outcome = action();
        self.record(name, Summary::of(outcome.is_ok()));
        outcome.inspect_err(|error| println!("{error:#}")).ok()
    }

    /// Runs a test runner and counts its tests.
    fn suite(&mut self, name: &str, command: &mut Command, format: Format) {
        println!("\n== {name}\n> {}", shown(command));
        let began = Instant::now();
        let mut reader = Reader::new(format);
        let succeeded = follow(command, &mut reader);
        let succeeded = succeeded.inspect_err(|error| println!("{error:#}"));
        let mut summary = reader.summary.settled(succeeded.is_ok());
        if self.strict {
            summary.failed += summary.skipped;
        }
        let seconds = began.elapsed().as_secs();
        println!(
            "{name}: {} passed, {} failed, {} skipped, {seconds} s",
            summary.passed, summary.failed, summary.skipped
        );
        self.record(name, summary);
    }

    fn record(&mut self, name: &str, summary: Summary) {
        if summary.failed > 0 {
            self.failures.push(name.to_owned());
        }
        self.total += summary;
    }

    fn conclude(self) -> Result<()> {
        let Summary {
            passed,
            failed,
            skipped,
        } = self.total;
        println!();
        if skipped > 0 && !self.strict {
            println!("{skipped} skipped, see above; with CI=true, skipped tests are failures");
        }
        if failed > 0 {
            println!("failed: {}", self.failures.join(", "));
        }
        println!("{passed} passed, {failed} failed");
        ensure!(failed == 0, "tests failed");
        Ok(())
    }
}

/// The tests of a Go module.
fn go_test(module: &str, variables: &[Variable]) -> Command {
    let mut tests = go("test -json -count=1 -timeout=30m", module);
    tests.envs(variables.iter().cloned());
    tests
}

/// Environment variables of the Go supervisor suite, documented in `tests/supervisor/suite/doc.go`.
type Variable = (&'static str, OsString);

fn executables(plugin: &Path, hello: &Path) -> Vec<Variable> {
    vec![
        ("PLUGIN_EXECUTABLE", plugin.into()),
        ("HELLO_EXECUTABLE", hello.into()),
    ]
}

/// Runs a command and prints its output as the reader shows it. Fails if the command fails.
fn follow(command: &mut Command, reader: &mut Reader) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            if let Some(shown) = reader.line(&String::from_utf8_lossy(&line?)) {
                println!("{shown}");
            }
        }
    }
    ensure!(child.wait()?.success(), "the runner failed");
    Ok(())
}
