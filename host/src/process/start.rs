//! The life of the process: what the executable does from its start to its end.
//!
//! The RPC runs on the main thread's own executor, which never computes for long: pings are answered and streams
//! served whatever a component does. Events begin there while they leave it half of its time, and otherwise run on a
//! small thread pool.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use mattermost_plugin_rpc::go_plugin::{Error as StartError, ExitReason, Handshake, hclog};
use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, FileData, HANDSHAKE, Hooks,
    HttpRequest, ResponseWriter, RpcApi, serve_hooks,
};
use memmap2::MmapMut;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use zlib_rs::{InflateConfig, ReturnCode, decompress_slice};

use super::confinement::{Confinement, confine, plan};
use super::describe::{describe, packages};
use super::environment;
use crate::manifest::Manifest;
use crate::plugin::ComponentPlugin;
use crate::policy::Policy;
use crate::sandbox::{Component, EventError, events_at_once};

/// The most threads of the pool for events. There is one for each core up to here; waiting needs no thread.
const MOST_EVENT_THREADS: usize = 4;

/// Threads that wait for names to be resolved, on each executor; a name takes two. They end when they are not used.
const LOOK_UPS: usize = 32;

/// How long the server may take to receive the metrics.
const METRICS_TIME: Duration = Duration::from_secs(60);

/// Prometheus's text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The hooks as the wire calls them.
struct Wire {
    plugin: Arc<ComponentPlugin>,
    /// What the executable is and may do, for support packets.
    about: String,
    /// What the process has given up.
    confinement: Confinement,
}

impl Hooks for Wire {
    fn max_calls(&self) -> usize {
        self.plugin.max_calls()
    }

    fn implemented(&self) -> Vec<String> {
        [
            "ExecuteCommand",
            "GenerateSupportData",
            "OnActivate",
            "OnConfigurationChange",
            "OnDeactivate",
            "ServeHTTP",
            "ServeMetrics",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move {
            let told = self.confinement.tell(api.as_ref());
            let ((), activated) = join(told, plugin.activate(api.clone())).await;
            activated?;
            plugin.start_jobs();
            Ok(())
        })
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move { plugin.deactivate().await })
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move { plugin.reload().await })
    }

    fn execute_command(
        &self,
        _context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        let plugin = &self.plugin;
        Box::pin(async move {
            let text = match plugin.command(args).await {
                Ok(text) => text,
                Err(EventError::Busy) => {
                    Some("The plugin is busy. Try again in a moment.".to_owned())
                }
                Err(_) => Some(
                    "The plugin failed on this command. Try again; if it fails again, tell your \
                     system administrator: the server's log says why."
                        .to_owned(),
                ),
            };
            Ok(match text {
                Some(text) => CommandResponse::ephemeral(text),
                None => CommandResponse::default(),
            })
        })
    }

    fn serve_http(
        &self,
        _context: Context,
        request: HttpRequest,
        writer: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(self.plugin.serve_to(request, body, writer))
    }

    fn serve_metrics(
        &self,
        _context: Context,
        _request: HttpRequest,
        mut writer: ResponseWriter,
        _body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let text = self.plugin.prometheus();
            let headers = [("Content-Type".to_owned(), METRICS_TYPE.to_owned())];
            let sending = writer.send(200, &headers, text.as_bytes());
            let _ = tokio::time::timeout(METRICS_TIME, sending).await;
        })
    }

    fn generate_support_data(
        &self,
        _context: Context,
    ) -> BoxFuture<'_, Result<Vec<FileData>, String>> {
        Box::pin(async move {
            let file = FileData {
                filename: format!("{}/diagnostics.txt", self.plugin.plugin_id()),
                body: Bytes(
                    format!(
                        "{}{}\n\n{}",
                        self.about,
                        self.confinement,
                        self.plugin.prometheus()
                    )
                    .into_bytes(),
                ),
            };
            Ok(vec![file])
        })
    }
}

/// The largest image that is unpacked, in bytes.
const IMAGE_LIMIT: usize = 64 * 1024 * 1024;

/// Unpacks and loads the embedded image, which is its length and then zlib data: a third of the size in the file, and
/// its packed form need not stay in memory. Nor does the unpacked one, of which the engine has a copy: it is kept in
/// memory of its own, which goes back to the system as a whole.
fn load(embedded: &[u8], target: &str, policy: &Policy) -> Result<Component, String> {
    let damaged = || "the embedded image is damaged".to_owned();
    let (length, packed) = embedded.split_first_chunk().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
    if length > IMAGE_LIMIT {
        return Err(damaged());
    }
    let mut image = MmapMut::map_anon(length)
        .map_err(|error| format!("no memory for the embedded image: {error}"))?;
    let (filled, unpacked) = decompress_slice(&mut image, packed, InflateConfig::default());
    if unpacked != ReturnCode::Ok || filled.len() != length {
        return Err(damaged());
    }
    Component::load(&image, target, events_at_once(policy)).map_err(|error| error.to_string())
}

/// Loads on a thread of its own, while the server is told where to connect and asks its first questions.
fn start_loading(
    image: &'static [u8],
    target: &str,
    policy: &Policy,
) -> Result<oneshot::Receiver<Result<Component, String>>, String> {
    let (loaded, loading) = oneshot::channel();
    let (target, policy) = (target.to_owned(), policy.clone());
    let thread = std::thread::Builder::new().name("load".to_owned());
    let started = thread.spawn(move || {
        // Nobody waits any more where the server has gone meanwhile.
        let _ = loaded.send(load(image, &target, &policy));
    });
    started.map_err(|error| format!("no thread to load the component on: {error}"))?;
    Ok(loading)
}

/// Runs a component as the plugin process that the server started, until the server ends it. With
/// `--describe` it says what it is instead; started by hand it explains itself.
///
/// `list` is the packed list of packages in the executable, or nothing.
pub fn run(image: &'static [u8], manifest: &str, target: &str, list: &[u8]) -> ExitCode {
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return fail(&error.to_string()),
    };
    if std::env::args().nth(1).as_deref() == Some("--describe") {
        return match load(image, target, &manifest.policy) {
            Ok(component) => {
                show(&about(&manifest, &component, target));
                show(&packages(list));
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let handshake = Handshake::from_env(&HANDSHAKE);
    if handshake.is_ok()
        && let Err(error) = environment::reduce()
    {
        warn(&format!("the server's environment is kept: {error}"));
    }
    let listening = match handshake.and_then(Handshake::bind) {
        Ok(listening) => listening,
        Err(error @ StartError::NotAPlugin(_)) => {
            complain(&error.to_string());
            return ExitCode::FAILURE;
        }
        Err(error) => return fail(&error.to_string()),
    };
    // From here on threads are started, which inherit it.
    let confinement = confine(&listening);
    let loading = match start_loading(image, target, &manifest.policy) {
        Ok(loading) => loading,
        Err(error) => return fail(&error),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let events = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MOST_EVENT_THREADS))
        .max_blocking_threads(LOOK_UPS)
        .thread_name("event")
        .enable_all()
        .build();
    let wire = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(LOOK_UPS)
        .enable_all()
        .build();
    let (events, wire) = match (events, wire) {
        (Ok(events), Ok(wire)) => (events, wire),
        (Err(error), _) | (_, Err(error)) => {
            return fail(&format!("no threads to run on: {error}"));
        }
    };
    let executor = events.handle().clone();
    let target = target.to_owned();
    let serving = listening.serve(|stream, broker| async move {
        let component = match loading.await {
            Ok(Ok(component)) => Arc::new(component),
            Ok(Err(error)) => return warn(&error),
            Err(error) => return warn(&format!("loading the component failed: {error}")),
        };
        let about = about(&manifest, &component, &target);
        let plugin = Arc::new(ComponentPlugin::new(component, manifest, executor));
        let hooks: Arc<dyn Hooks> = Arc::new(Wire {
            plugin,
            about,
            confinement,
        });
        if let Err(error) = serve_hooks(stream, broker, hooks).await {
            warn(&format!("the stream of hooks broke: {error}"));
        }
    });
    // A task, because whatever wakes what the executor blocks on costs it a look at the sockets.
    let ended = wire.block_on(async { tokio::spawn(serving).await });
    end([wire, events]);
    match ended {
        Ok(Ok(ExitReason::Quit | ExitReason::Closed)) => ExitCode::SUCCESS,
        Ok(Ok(ExitReason::Broken)) => {
            fail("a stream of the server broke; the server starts the plugin anew")
        }
        Ok(Err(error)) => fail(&error.to_string()),
        Err(error) => fail(&format!("the host failed: {error}")),
    }
}

/// Ends the executors without waiting. Events that still run belong to callers that are gone, and a thread that looks up
/// a name waits for as long as its name servers are silent.
fn end(executors: [Runtime; 2]) {
    for executor in executors {
        executor.shutdown_background();
    }
}

fn about(manifest: &Manifest, component: &Component, target: &str) -> String {
    format!("{}\n{}", describe(manifest, component, target), plan())
}

fn warn(message: &str) {
    hclog::write(hclog::Level::Warn, message, &[]);
}

fn fail(message: &str) -> ExitCode {
    hclog::write(hclog::Level::Error, message, &[]);
    ExitCode::FAILURE
}

/// Says it to whoever asked, who may have stopped listening.
fn show(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says it to a person who ran the file by hand.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::end;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;
    use tokio::runtime::Builder;

    #[test]
    fn the_process_ends_while_names_are_looked_up() {
        let wire = Builder::new_current_thread().build().unwrap();
        let events = Builder::new_multi_thread().worker_threads(1).build();
        let events = events.unwrap();
        let (looking, looks) = mpsc::channel();
        let mut answers = Vec::new();
        for executor in [&wire, &events] {
            let (answer, silence) = mpsc::channel::<()>();
            answers.push(answer);
            let looking = looking.clone();
            executor.spawn_blocking(move || {
                looking.send(()).unwrap();
                let _ = silence.recv();
            });
        }
        looks.recv().unwrap();
        looks.recv().unwrap();
        let (ended, end_of_process) = mpsc::channel();
        thread::spawn(move || {
            end([wire, events]);
            ended.send(()).unwrap();
        });
        end_of_process
            .recv_timeout(Duration::from_secs(60))
            .unwrap();
        drop(answers);
    }
}
