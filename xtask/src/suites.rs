//! `cargo xtask test`: runs everything that CI runs, one suite after the other.
//!
//! A suite that fails does not stop the others. If a tool is missing, its suite is skipped and the command that installs
//! it is printed. With `CI=true`, missing tools and skipped tests are failures.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::bundle::Dist;
use crate::platforms::{LINUX, LINUX_ARM, PLATFORMS, Platform, WINDOWS};
use crate::run::{cargo_with, read, root, shown, strict};
use crate::test_summary::{CargoTest, GoTest, Reader, Summary, Tap};
use crate::zig::Zig;
use crate::{bench, bundle, checksums, emulator, imports, parity, toolchain, webapp};

/// Runs all suites. The last line is the total.
pub fn test() -> Result<()> {
    toolchain::complete()?;
    toolchain::add_tools()?;
    let mut session = Session::new();
    session.style();
    session.supply_chain();
    session.webapp();
    session.rust_tests();
    session.bundle_suites();
    session.conclude()
}

/// Runs the lints and the unit and component tests.
pub fn quick() -> Result<()> {
    toolchain::complete()?;
    toolchain::add_tools()?;
    let mut session = Session::new();
    session.style();
    session.webapp();
    session.rust_tests();
    session.conclude()
}

/// Checks the formatting and runs the lints.
pub fn check_style() -> Result<()> {
    toolchain::complete()?;
    toolchain::add_tools()?;
    let mut session = Session::new();
    session.style();
    if session.has_node() {
        session.step("webapp packages", webapp::install);
        session.webapp_style();
    }
    session.conclude()
}

/// Runs the browser suite, or only the tests whose titles contain the given words.
pub fn browser(words: &[&str]) -> Result<()> {
    let dist = bundle::here()?;
    let mut suite = webapp::browser_suite(&dist.bundle)?;
    if !words.is_empty() {
        suite.args(["-t", &words.join(" ")]);
    }
    crate::run::run(&mut suite)
}

/// Runs the Go supervisor suite with the executables for other systems, in emulators.
pub fn emulated() -> Result<()> {
    let mut session = Session::new();
    let mut wine = Command::new(emulator::WINE);
    let wine = session.has("wine64", "apt-get install wine64", wine.arg("--version"));
    let arm = session.has_arm();
    let platforms = [(&LINUX_ARM, arm), (&WINDOWS, wine)];
    let emulated = platforms.iter().filter(|(_, emulator)| *emulator);
    let platforms: Vec<_> = emulated.map(|(platform, _)| *platform).collect();
    if platforms.is_empty() {
        bail!("there is no emulator: apt-get install qemu-user-static wine64");
    }
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
    crate::run::run(suite.env("UPDATE_SCREENS", "yes"))
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

    fn style(&mut self) {
        self.check("formatting", &mut cargo_with("fmt --all --check"));
        let lints = "clippy --locked --release --workspace --all-targets -- -D warnings";
        self.check("lints", &mut cargo_with(lints));
        let lints = "clippy --locked --profile guest --target wasm32-wasip2 \
                     -p zoom-guest -p hello-guest -p hostile-guest -- -D warnings";
        self.check("lints of the components", &mut cargo_with(lints));
    }

    fn supply_chain(&mut self) {
        let install = toolchain::installs("cargo-deny");
        if self.has("cargo-deny", &install, &mut cargo_with("deny --version")) {
            let deny = "deny --locked --log-level error check licenses bans sources";
            self.check("licenses and sources", &mut cargo_with(deny));
        }
        self.step("no compiler in the executable", || {
            let compilers = ["cranelift-codegen", "winch-codegen"];
            for platform in &PLATFORMS {
                let mut tree = cargo_with("tree --locked -p mattermost-plugin-host -e normal");
                tree.args(["--target", platform.triple]);
                let tree = read(&mut tree).context("cargo tree")?;
                let is_compiler = |line: &&str| compilers.iter().any(|name| line.contains(name));
                if let Some(line) = tree.lines().find(is_compiler) {
                    let (line, name) = (line.trim(), platform.name);
                    bail!("the host depends on {line} on {name}");
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
        self.suite("webapp on React 17, 18, and 19", &mut tests, Tap::default());
    }

    fn webapp_style(&mut self) {
        self.check("style of the webapp", &mut webapp::npm(&["run", "lint"]));
    }

    fn has_go(&mut self) -> bool {
        let go = "https://go.dev/dl/ (1.26.3 or newer)";
        self.has("go", go, Command::new("go").arg("version"))
    }

    fn has_node(&mut self) -> bool {
        let node = "https://nodejs.org (20.19 or newer)";
        self.has("npm", node, Command::new("npm").arg("--version"))
    }

    fn rust_tests(&mut self) {
        self.step("test coverage by number", parity::check);
        let mut tests =
            cargo_with("test --locked --release --workspace --no-fail-fast --exclude plugin-tests");
        // Component tests mostly wait, for answers and between retries.
        tests.env("RUST_TEST_THREADS", "8");
        self.suite("unit and component tests", &mut tests, CargoTest::default());
        // At this point the host is built like the benchmarks need it.
        self.step("benchmarks of the parts, once each", bench::try_pieces);
    }

    /// Runs the suites that need the bundle.
    fn bundle_suites(&mut self) {
        let zig = self.zig();
        let mut hello = None;
        self.step("another component on the same host", || {
            hello = Some(bundle::hello(zig.as_ref())?);
            Ok(())
        });
        // The other systems take as long again; a weekly workflow runs `make dist` and `make emulated`.
        let platforms: &[&Platform] = &[&LINUX];
        let mut dist = None;
        self.step("bundle", || {
            dist = Some(bundle::tried(platforms, zig.as_ref())?);
            Ok(())
        });
        let Some(dist) = dist else { return };
        let Ok(executable) = dist.executable() else {
            return;
        };
        self.step("a second build gives the same bytes", || {
            bundle::again(&dist, platforms, zig.as_ref())
        });
        let mut verify = Command::new("sha256sum");
        verify.args(["--strict", "--quiet", "-c", checksums::NAME]);
        self.check("checksums of the bundles", verify.current_dir(&dist.folder));
        self.step("imports", || imports::compare_executable(executable));
        if self.has_go() {
            let mut description = go_test(&root().join("tests/description"));
            let description = description.arg(".");
            self.suite("Go description of the API", description, GoTest::default());
        }
        if let Some(hello) = &hello {
            let modules = ["v017", "v043"];
            let variables = executables(executable, hello);
            self.supervisors("Go supervisor", &modules, &[], &variables);
        }
        let mut e2e = cargo_with("test --locked --release -p plugin-tests --no-fail-fast");
        e2e.env("PLUGIN_BUNDLE", &dist.bundle);
        self.suite("Mattermost server", &mut e2e, CargoTest::default());
        if let Some(hello) = &hello {
            self.bench(&dist.bundle, hello);
        }
        self.browser(&dist.bundle);
    }

    /// Runs `make bench` with a few events to check that it works. Ignores the results.
    fn bench(&mut self, bundle: &Path, hello: &Path) {
        if !self.has_go() {
            return;
        }
        let mut baseline = go_test(&root().join("tests/bench/go-baseline"));
        self.suite("Go baseline", baseline.arg("./..."), GoTest::default());
        self.step("server benchmarks, once each", || {
            bench::try_whole(bundle, hello)
        });
    }

    fn browser(&mut self, bundle: &Path) {
        if !self.has_node()
            || !self.has(
                "chromium",
                "apt-get install chromium fonts-noto-cjk",
                Command::new("chromium").arg("--version"),
            )
        {
            return;
        }
        let mut suite = None;
        self.step("pages for the browser", || {
            suite = Some(webapp::browser_suite(bundle)?);
            Ok(())
        });
        if let Some(mut suite) = suite {
            self.suite("browser", &mut suite, Tap::default());
        }
    }

    /// The linker for releases.
    fn zig(&mut self) -> Option<Zig> {
        let mut python = Command::new("python3");
        python.args(["-c", "import venv, ensurepip"]);
        if !self.has("python3-venv", "apt-get install python3-venv", &mut python) {
            return None;
        }
        let mut zig = None;
        self.step("linker", || {
            zig = Some(Zig::install()?);
            Ok(())
        });
        zig
    }

    /// Tests the executable for another system in an emulator.
    fn emulated(&mut self, platform: &Platform, dist: &Dist, zig: &Zig) {
        let mut launchers = None;
        self.step(&format!("another component on {}", platform.name), || {
            launchers = Some(emulator::launchers(platform, dist, zig)?);
            Ok(())
        });
        // Leave out endurance and load tests: they would measure the emulator.
        let groups = [
            "-run=Test/(lifecycle|plugin|http|sandbox)",
            "-skip=Test/http/answers",
        ];
        if let Some(launchers) = &launchers {
            let name = format!("Go supervisor with {}", platform.name);
            let mut variables = executables(&launchers.plugin, &launchers.hello);
            if platform.name == WINDOWS.name {
                variables.push(("PLUGIN_NETWORK", "tcp".into()));
            }
            if let Some(events) = launchers.events {
                variables.push(("HELLO_EVENTS", events.to_string().into()));
            }
            self.supervisors(&name, &["v043"], &groups, &variables);
        }
    }

    /// Whether the arm64 emulator is installed.
    fn has_arm(&mut self) -> bool {
        self.has(
            "qemu-aarch64-static",
            "apt-get install qemu-user-static",
            Command::new("qemu-aarch64-static").arg("--version"),
        )
    }

    fn supervisors(
        &mut self,
        name: &str,
        modules: &[&str],
        groups: &[&str],
        variables: &[Variable],
    ) {
        if !self.has_go() {
            return;
        }
        for module in modules {
            let mut tests = go_test(&root().join("tests/supervisor").join(module));
            tests.args(groups).arg(".");
            tests.envs(variables.iter().cloned());
            self.suite(&format!("{name} {module}"), &mut tests, GoTest::default());
        }
    }

    /// Whether a tool is installed. If not, prints how to install it.
    fn has(&mut self, tool: &str, install: &str, question: &mut Command) -> bool {
        if read(question).is_some() {
            return true;
        }
        println!("\n== {tool} is missing, install it: {install}");
        let missing = Summary {
            failed: u64::from(self.strict),
            skipped: 1,
            ..Summary::default()
        };
        self.record(&format!("{tool} is missing"), missing);
        false
    }

    /// Runs a command that counts as one test.
    fn check(&mut self, name: &str, command: &mut Command) {
        self.step(name, || crate::run::run(command));
    }

    /// Runs a function that counts as one test.
    fn step(&mut self, name: &str, action: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let outcome = action();
        if let Err(error) = &outcome {
            println!("{error}");
        }
        self.record(name, Summary::of(outcome.is_ok()));
    }

    /// Runs a test runner and counts its tests.
    fn suite(&mut self, name: &str, command: &mut Command, mut reader: impl Reader) {
        println!("\n== {name}\n> {}", shown(command));
        let began = Instant::now();
        let succeeded = match follow(command, &mut reader) {
            Ok(succeeded) => succeeded,
            Err(error) => {
                println!("{error}");
                false
            }
        };
        let mut summary = reader.summary().settled(succeeded);
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

/// The tests of a Go module, with output for [`GoTest`].
fn go_test(module: &Path) -> Command {
    let mut tests = Command::new("go");
    tests.args(["test", "-json", "-count=1", "-timeout=30m"]);
    tests.current_dir(module);
    tests.env("GOTOOLCHAIN", "local");
    tests.env("GOFLAGS", "-mod=readonly");
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

/// Runs a command, prints its output as the reader shows it, and returns whether the command succeeded.
fn follow(command: &mut Command, reader: &mut impl Reader) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            if let Some(shown) = reader.line(&String::from_utf8_lossy(&line)) {
                println!("{shown}");
            }
        }
    }
    Ok(child.wait()?.success())
}
