//! The process from start to end.
//!
//! The RPC runs on the main thread's executor, which never computes for long, so pings and streams are always served. Events start
//! there while they use less than half of its time, and otherwise run on a small thread pool.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use mattermost_plugin_rpc::go_plugin::{Error as StartError, ExitReason, Handshake, hclog};
use mattermost_plugin_rpc::mattermost::{HANDSHAKE, Hooks, serve_hooks};
use tokio::runtime::Runtime;

use super::confinement::{confine, describe_confinement};
use super::describe::{describe, packages};
use super::environment;
use super::hooks::PluginHooks;
use super::image::{checksum, load, start_loading};
use crate::manifest::Manifest;
use crate::plugin::{ComponentPlugin, ProcessFacts};
use crate::sandbox::Component;

/// The most threads of the event pool, which has one per core. Waiting needs no thread.
const MAX_EVENT_THREADS: usize = 4;

/// The most threads per executor that wait for name resolution; each name takes two. Unused threads end.
const BLOCKING_THREADS: usize = 32;

/// Runs a component as the plugin process that the server started, until the server ends it. With `--describe` it prints a
/// description instead; started by hand, it prints an explanation.
///
/// `image` must be part of the executable (`include_bytes!`), because its pages are released after it is read. `list` is the
/// compressed list of packages in the executable, or empty.
pub fn run(image: &'static [u8], manifest: &str, target: &str, list: &[u8]) -> ExitCode {
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return fail(&error.to_string()),
    };
    if std::env::args().nth(1).as_deref() == Some("--describe") {
        return match load(image, target, &manifest.policy) {
            Ok(component) => {
                show(&about(&manifest, &component, target));
                show(&format!("component image, SHA-256: {}\n", checksum(image)));
                show(&packages(list));
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let handshake = Handshake::from_env(&HANDSHAKE);
    if handshake.is_ok()
        && let Err(error) = environment::remove_unused()
    {
        warn(&format!(
            "the server's environment could not be removed: {error}"
        ));
    }
    let listening = match handshake.and_then(Handshake::bind) {
        Ok(listening) => listening,
        Err(error @ StartError::NotAPlugin(_)) => {
            print_error(&error.to_string());
            return ExitCode::FAILURE;
        }
        Err(error) => return fail(&error.to_string()),
    };
    // Before any thread is started: threads inherit the confinement.
    let confinement = confine(&listening);
    let loading = match start_loading(image, target, &manifest.policy) {
        Ok(loading) => loading,
        Err(error) => return fail(&error),
    };
    let [rpc, events] = match executors() {
        Ok(executors) => executors,
        Err(error) => return fail(&format!("the threads cannot be started: {error}")),
    };
    let executor = events.handle().clone();
    let target = target.to_owned();
    let component_checksum = Box::new(move || checksum(image));
    let serving = listening.serve(|stream, broker| async move {
        let component = match loading.await {
            Ok(Ok(component)) => Arc::new(component),
            Ok(Err(error)) => return warn(&error),
            Err(error) => return warn(&format!("loading the component failed: {error}")),
        };
        let description = about(&manifest, &component, &target);
        let process = ProcessFacts {
            confinement: confinement.restrictions().collect(),
            checksum: Some(component_checksum),
        };
        let plugin = ComponentPlugin::new(component, manifest, executor);
        let plugin = plugin.with_settings_environment(environment::settings_environment());
        let plugin = Arc::new(plugin.with_process(process));
        let hooks: Arc<dyn Hooks> = Arc::new(PluginHooks {
            plugin,
            description,
            confinement,
        });
        if let Err(error) = serve_hooks(stream, broker, hooks).await {
            warn(&format!("the hook stream failed: {error}"));
        }
    });
    // In a task, because waking the future that the executor blocks on makes it poll the sockets.
    let ended = rpc.block_on(async { tokio::spawn(serving).await });
    shut_down([rpc, events]);
    match ended {
        Ok(Ok(ExitReason::Quit | ExitReason::Closed)) => ExitCode::SUCCESS,
        Ok(Ok(ExitReason::Broken)) => {
            fail("a stream of the server failed; the server will restart the plugin")
        }
        Ok(Err(error)) => fail(&error.to_string()),
        Err(error) => fail(&format!("the host failed: {error}")),
    }
}

/// The executors of the RPC, which runs on the calling thread, and of events.
pub(super) fn executors() -> io::Result<[Runtime; 2]> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let events = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MAX_EVENT_THREADS))
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("event")
        .enable_all()
        .build()?;
    let rpc = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    Ok([rpc, events])
}

/// Shuts the executors down without waiting. Running events belong to callers that are gone, and a thread that resolves a name
/// waits until its name servers answer.
pub(super) fn shut_down(executors: [Runtime; 2]) {
    for executor in executors {
        executor.shutdown_background();
    }
}

fn about(manifest: &Manifest, component: &Component, target: &str) -> String {
    format!(
        "{}\n{}",
        describe(manifest, component, target),
        describe_confinement()
    )
}

fn warn(message: &str) {
    hclog::write(hclog::Level::Warn, message, &[]);
}

fn fail(message: &str) -> ExitCode {
    hclog::write(hclog::Level::Error, message, &[]);
    ExitCode::FAILURE
}

/// Prints to standard output, which may be closed.
fn show(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error, for a person who started the executable by hand.
fn print_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
