//! The WASI subset, without access to anything.
//!
//! Rust's standard library imports an environment, arguments, standard streams, and terminals whether a program uses them or
//! not. A component gets no variables, no arguments, an input at its end, no terminals, and outputs whose first
//! [`OUTPUT_LIMIT`] bytes become part of a log line. Exiting is a trap. Random numbers are real. The time of day is the host's
//! clock, in milliseconds. Waiting is real too, and bounded by the event's time limit like any host call.

use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable, WasmList};
use wasmtime::{Result, StoreContextMut, bail};

use crate::bindings::resources::{ClosedInput, LogOutput, Never, Pollable};
use crate::bindings::wasi::wasi::{cli, clocks, io, random};
use crate::clock::Clock;
use crate::event::meter::Meter;
use crate::event::{EventState, WasiState};
use io::streams::StreamError;

/// How many bytes of a component's output are kept per event.
const OUTPUT_LIMIT: usize = 8 * 1024;

/// The most random bytes per call.
const RANDOM_LIMIT: u64 = 64 * 1024;

/// The most resources that an event may hold at once.
const RESOURCE_LIMIT: usize = 1_000;

/// A resource table of limited size.
pub(super) fn table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCE_LIMIT);
    table
}

/// The parts of an event's state that WASI needs.
struct View<'a> {
    wasi: &'a mut WasiState,
    meter: &'a mut Meter,
    clock: &'a Clock,
}

struct HasView;

impl HasData for HasView {
    type Data<'a> = View<'a>;
}

fn view(state: &mut EventState) -> View<'_> {
    View {
        wasi: &mut state.wasi,
        meter: &mut state.meter,
        clock: &state.services.clock,
    }
}

/// Adds the WASI interfaces to the linker.
pub(super) fn add_to_linker(linker: &mut Linker<EventState>) -> Result<()> {
    cli::environment::add_to_linker::<_, HasView>(linker, view)?;
    cli::exit::add_to_linker::<_, HasView>(linker, view)?;
    cli::stdin::add_to_linker::<_, HasView>(linker, view)?;
    cli::stdout::add_to_linker::<_, HasView>(linker, view)?;
    cli::stderr::add_to_linker::<_, HasView>(linker, view)?;
    cli::terminal_input::add_to_linker::<_, HasView>(linker, view)?;
    cli::terminal_output::add_to_linker::<_, HasView>(linker, view)?;
    cli::terminal_stdin::add_to_linker::<_, HasView>(linker, view)?;
    cli::terminal_stdout::add_to_linker::<_, HasView>(linker, view)?;
    cli::terminal_stderr::add_to_linker::<_, HasView>(linker, view)?;
    clocks::monotonic_clock::add_to_linker::<_, HasView>(linker, view)?;
    clocks::wall_clock::add_to_linker::<_, HasView>(linker, view)?;
    io::error::add_to_linker::<_, HasView>(linker, view)?;
    io::poll::add_to_linker::<_, HasView>(linker, view)?;
    limit_poll(linker)?;
    io::streams::add_to_linker::<_, HasView>(linker, view)?;
    random::random::add_to_linker::<_, HasView>(linker, view)?;
    random::insecure_seed::add_to_linker::<_, HasView>(linker, view)?;
    Ok(())
}

/// Limits the length of the list passed to `poll`. A copied list of handles is several times as large as in the component,
/// so its length is checked before it is copied.
fn limit_poll(linker: &mut Linker<EventState>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut poll = linker.instance("wasi:io/poll@0.2.0")?;
    poll.func_wrap_async(
        "poll",
        |mut store: StoreContextMut<'_, EventState>, (list,): (WasmList<Resource<Pollable>>,)| {
            Box::new(async move {
                if list.len() > RESOURCE_LIMIT {
                    bail!(
                        "the component polls more than the {RESOURCE_LIMIT} resources it may have"
                    );
                }
                let pollables = list.iter(&mut store)?.collect::<Result<Vec<_>>>()?;
                let ready = io::poll::Host::poll(&mut view(store.data_mut()), pollables).await?;
                Ok((ready,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

impl cli::environment::Host for View<'_> {
    async fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    async fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

impl cli::exit::Host for View<'_> {
    async fn exit(&mut self, _status: std::result::Result<(), ()>) -> Result<()> {
        bail!("the component asked to exit, which ends the event")
    }
}

impl cli::stdin::Host for View<'_> {
    async fn get_stdin(&mut self) -> Result<Resource<ClosedInput>> {
        Ok(self.wasi.table.push(ClosedInput)?)
    }
}

impl cli::stdout::Host for View<'_> {
    async fn get_stdout(&mut self) -> Result<Resource<LogOutput>> {
        Ok(self.wasi.table.push(LogOutput)?)
    }
}

impl cli::stderr::Host for View<'_> {
    async fn get_stderr(&mut self) -> Result<Resource<LogOutput>> {
        Ok(self.wasi.table.push(LogOutput)?)
    }
}

impl cli::terminal_input::Host for View<'_> {}
impl cli::terminal_input::HostTerminalInput for View<'_> {
    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl cli::terminal_output::Host for View<'_> {}
impl cli::terminal_output::HostTerminalOutput for View<'_> {
    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl cli::terminal_stdin::Host for View<'_> {
    async fn get_terminal_stdin(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

impl cli::terminal_stdout::Host for View<'_> {
    async fn get_terminal_stdout(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

impl cli::terminal_stderr::Host for View<'_> {
    async fn get_terminal_stderr(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl clocks::monotonic_clock::Host for View<'_> {
    async fn now(&mut self) -> Result<u64> {
        Ok(nanoseconds(self.wasi.started.elapsed()))
    }

    async fn resolution(&mut self) -> Result<u64> {
        Ok(1)
    }

    async fn subscribe_instant(&mut self, when: u64) -> Result<Resource<Pollable>> {
        let moment = self.wasi.started.checked_add(Duration::from_nanos(when));
        Ok(self
            .wasi
            .table
            .push(Pollable(Some(moment.unwrap_or(self.wasi.deadline))))?)
    }

    async fn subscribe_duration(&mut self, when: u64) -> Result<Resource<Pollable>> {
        let moment = Instant::now().checked_add(Duration::from_nanos(when));
        Ok(self
            .wasi
            .table
            .push(Pollable(Some(moment.unwrap_or(self.wasi.deadline))))?)
    }
}

impl clocks::wall_clock::Host for View<'_> {
    async fn now(&mut self) -> Result<clocks::wall_clock::Datetime> {
        let since = Duration::from_millis(u64::try_from((self.clock)())?);
        Ok(clocks::wall_clock::Datetime {
            seconds: since.as_secs(),
            nanoseconds: since.subsec_nanos(),
        })
    }

    async fn resolution(&mut self) -> Result<clocks::wall_clock::Datetime> {
        Ok(clocks::wall_clock::Datetime {
            seconds: 0,
            nanoseconds: 1_000_000,
        })
    }
}

impl io::error::Host for View<'_> {}
impl io::error::HostError for View<'_> {
    async fn to_debug_string(&mut self, resource: Resource<Never>) -> Result<String> {
        match *self.wasi.table.get(&resource)? {}
    }

    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl io::poll::Host for View<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        let _reservation = self.meter.begin_call(&())?;
        if pollables.is_empty() {
            bail!("the component polls an empty list");
        }
        let mut moments = Vec::with_capacity(pollables.len());
        for pollable in &pollables {
            moments.push(self.wasi.table.get(pollable)?.0);
        }
        // `None` means ready now.
        if let Some(Some(first)) = moments.iter().min() {
            tokio::time::sleep_until(*first).await;
        }
        let now = Instant::now();
        let ready = moments.iter().zip(0_u32..);
        let ready = ready.filter(|(moment, _)| moment.is_none_or(|moment| moment <= now));
        Ok(ready.map(|(_, index)| index).collect())
    }
}

impl io::poll::HostPollable for View<'_> {
    async fn ready(&mut self, resource: Resource<Pollable>) -> Result<bool> {
        let moment = self.wasi.table.get(&resource)?.0;
        Ok(moment.is_none_or(|moment| moment <= Instant::now()))
    }

    async fn block(&mut self, resource: Resource<Pollable>) -> Result<()> {
        let _reservation = self.meter.begin_call(&())?;
        if let Some(moment) = self.wasi.table.get(&resource)?.0 {
            tokio::time::sleep_until(moment).await;
        }
        Ok(())
    }

    async fn drop(&mut self, resource: Resource<Pollable>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl io::streams::Host for View<'_> {}

type Stream<T> = Result<std::result::Result<T, StreamError>>;

impl io::streams::HostInputStream for View<'_> {
    async fn read(&mut self, _: Resource<ClosedInput>, _: u64) -> Stream<Vec<u8>> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_read(&mut self, _: Resource<ClosedInput>, _: u64) -> Stream<Vec<u8>> {
        Ok(Err(StreamError::Closed))
    }

    async fn skip(&mut self, _: Resource<ClosedInput>, _: u64) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_skip(&mut self, _: Resource<ClosedInput>, _: u64) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn subscribe(&mut self, _: Resource<ClosedInput>) -> Result<Resource<Pollable>> {
        Ok(self.wasi.table.push(Pollable(None))?)
    }

    async fn drop(&mut self, resource: Resource<ClosedInput>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl io::streams::HostOutputStream for View<'_> {
    async fn check_write(&mut self, _: Resource<LogOutput>) -> Stream<u64> {
        Ok(Ok(u64::try_from(OUTPUT_LIMIT)?))
    }

    async fn write(&mut self, _: Resource<LogOutput>, contents: Vec<u8>) -> Stream<()> {
        let _reservation = self.meter.begin_call(&contents)?;
        let left = OUTPUT_LIMIT.saturating_sub(self.wasi.output.len());
        self.wasi.output.extend(contents.into_iter().take(left));
        Ok(Ok(()))
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<LogOutput>,
        contents: Vec<u8>,
    ) -> Stream<()> {
        io::streams::HostOutputStream::write(self, stream, contents).await
    }

    async fn flush(&mut self, _: Resource<LogOutput>) -> Stream<()> {
        Ok(Ok(()))
    }

    async fn blocking_flush(&mut self, _: Resource<LogOutput>) -> Stream<()> {
        Ok(Ok(()))
    }

    async fn subscribe(&mut self, _: Resource<LogOutput>) -> Result<Resource<Pollable>> {
        Ok(self.wasi.table.push(Pollable(None))?)
    }

    async fn write_zeroes(&mut self, _: Resource<LogOutput>, _: u64) -> Stream<()> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        _: Resource<LogOutput>,
        _: u64,
    ) -> Stream<()> {
        Ok(Err(StreamError::Closed))
    }

    async fn splice(
        &mut self,
        _: Resource<LogOutput>,
        _: Resource<ClosedInput>,
        _: u64,
    ) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_splice(
        &mut self,
        _: Resource<LogOutput>,
        _: Resource<ClosedInput>,
        _: u64,
    ) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn drop(&mut self, resource: Resource<LogOutput>) -> Result<()> {
        self.wasi.table.delete(resource)?;
        Ok(())
    }
}

impl random::random::Host for View<'_> {
    async fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        let _reservation = self.meter.begin_call(&())?;
        if len > RANDOM_LIMIT {
            bail!("the component asked for {len} random bytes; at most {RANDOM_LIMIT} are given");
        }
        let mut bytes = vec![0; usize::try_from(len)?];
        getrandom::fill(&mut bytes).map_err(wasmtime::Error::new)?;
        Ok(bytes)
    }

    async fn get_random_u64(&mut self) -> Result<u64> {
        let _reservation = self.meter.begin_call(&())?;
        getrandom::u64().map_err(wasmtime::Error::new)
    }
}

impl random::insecure_seed::Host for View<'_> {
    async fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        let seed = || getrandom::u64().map_err(wasmtime::Error::new);
        Ok((seed()?, seed()?))
    }
}
