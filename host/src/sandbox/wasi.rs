//! WASI, given inert.
//!
//! Rust's standard library asks for an environment, arguments, standard streams and terminals whether a
//! program uses them or not. A component gets answers that give nothing away: no variables, no
//! arguments, an input that is at its end, outputs that are kept (cut at [`OUTPUT_LIMIT`]) for a log
//! line, no terminals. To exit is to trap. Random numbers are real. The time of day is the host's clock,
//! to the millisecond. Waiting is real too, and bounded by the event's time limit like any other host call.

use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable, WasmList};
use wasmtime::{Result, StoreContextMut, bail};

use super::EventState;
use crate::bindings::wasi::wasi::{cli, clocks, io, random};
use io::streams::StreamError;

/// How much of what a component prints in one event is kept, in bytes.
pub const OUTPUT_LIMIT: usize = 8 * 1024;

/// The most random bytes given at once.
const RANDOM_LIMIT: u64 = 64 * 1024;

/// The most resources that one event may hold at once.
const RESOURCE_LIMIT: usize = 1_000;

/// A resource of which there are none.
pub enum Never {}

/// An input that is at its end.
pub struct Closed;

/// An output whose bytes are kept for the log.
pub struct Output;

/// Something to wait for: a moment, or nothing.
pub struct Pollable(Option<Instant>);

/// A table that cannot be filled without bound.
pub fn table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCE_LIMIT);
    table
}

/// Links the inert interfaces.
pub fn add_to_linker(linker: &mut Linker<EventState>) -> Result<()> {
    type Own = HasSelf<EventState>;
    fn own(state: &mut EventState) -> &mut EventState {
        state
    }
    cli::environment::add_to_linker::<_, Own>(linker, own)?;
    cli::exit::add_to_linker::<_, Own>(linker, own)?;
    cli::stdin::add_to_linker::<_, Own>(linker, own)?;
    cli::stdout::add_to_linker::<_, Own>(linker, own)?;
    cli::stderr::add_to_linker::<_, Own>(linker, own)?;
    cli::terminal_input::add_to_linker::<_, Own>(linker, own)?;
    cli::terminal_output::add_to_linker::<_, Own>(linker, own)?;
    cli::terminal_stdin::add_to_linker::<_, Own>(linker, own)?;
    cli::terminal_stdout::add_to_linker::<_, Own>(linker, own)?;
    cli::terminal_stderr::add_to_linker::<_, Own>(linker, own)?;
    clocks::monotonic_clock::add_to_linker::<_, Own>(linker, own)?;
    clocks::wall_clock::add_to_linker::<_, Own>(linker, own)?;
    io::error::add_to_linker::<_, Own>(linker, own)?;
    io::poll::add_to_linker::<_, Own>(linker, own)?;
    limit_poll(linker)?;
    io::streams::add_to_linker::<_, Own>(linker, own)?;
    random::random::add_to_linker::<_, Own>(linker, own)?;
    random::insecure_seed::add_to_linker::<_, Own>(linker, own)?;
    Ok(())
}

/// Lets nobody poll more than there can be. A list of handles that is copied takes several times what it takes in the
/// component, so its length is looked at before any of it is.
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
                let ready = io::poll::Host::poll(store.data_mut(), pollables).await?;
                Ok((ready,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

impl cli::environment::Host for EventState {
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

impl cli::exit::Host for EventState {
    async fn exit(&mut self, _status: std::result::Result<(), ()>) -> Result<()> {
        bail!("the component asked to exit, which ends the event")
    }
}

impl cli::stdin::Host for EventState {
    async fn get_stdin(&mut self) -> Result<Resource<Closed>> {
        Ok(self.table.push(Closed)?)
    }
}

impl cli::stdout::Host for EventState {
    async fn get_stdout(&mut self) -> Result<Resource<Output>> {
        Ok(self.table.push(Output)?)
    }
}

impl cli::stderr::Host for EventState {
    async fn get_stderr(&mut self) -> Result<Resource<Output>> {
        Ok(self.table.push(Output)?)
    }
}

impl cli::terminal_input::Host for EventState {}
impl cli::terminal_input::HostTerminalInput for EventState {
    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl cli::terminal_output::Host for EventState {}
impl cli::terminal_output::HostTerminalOutput for EventState {
    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl cli::terminal_stdin::Host for EventState {
    async fn get_terminal_stdin(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

impl cli::terminal_stdout::Host for EventState {
    async fn get_terminal_stdout(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

impl cli::terminal_stderr::Host for EventState {
    async fn get_terminal_stderr(&mut self) -> Result<Option<Resource<Never>>> {
        Ok(None)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl clocks::monotonic_clock::Host for EventState {
    async fn now(&mut self) -> Result<u64> {
        Ok(nanoseconds(self.started.elapsed()))
    }

    async fn resolution(&mut self) -> Result<u64> {
        Ok(1)
    }

    async fn subscribe_instant(&mut self, when: u64) -> Result<Resource<Pollable>> {
        let moment = self.started.checked_add(Duration::from_nanos(when));
        Ok(self
            .table
            .push(Pollable(Some(moment.unwrap_or(self.deadline))))?)
    }

    async fn subscribe_duration(&mut self, when: u64) -> Result<Resource<Pollable>> {
        let moment = Instant::now().checked_add(Duration::from_nanos(when));
        Ok(self
            .table
            .push(Pollable(Some(moment.unwrap_or(self.deadline))))?)
    }
}

impl clocks::wall_clock::Host for EventState {
    async fn now(&mut self) -> Result<clocks::wall_clock::Datetime> {
        let since = Duration::from_millis(u64::try_from((self.services.clock)())?);
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

impl io::error::Host for EventState {}
impl io::error::HostError for EventState {
    async fn to_debug_string(&mut self, resource: Resource<Never>) -> Result<String> {
        match *self.table.get(&resource)? {}
    }

    async fn drop(&mut self, resource: Resource<Never>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl io::poll::Host for EventState {
    async fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        let _held = self.host_call(&())?;
        if pollables.is_empty() {
            bail!("the component polls an empty list");
        }
        let mut moments = Vec::with_capacity(pollables.len());
        for pollable in &pollables {
            moments.push(self.table.get(pollable)?.0);
        }
        // None means ready at once.
        if let Some(Some(first)) = moments.iter().min() {
            tokio::time::sleep_until(*first).await;
        }
        let now = Instant::now();
        let ready = moments.iter().zip(0_u32..);
        let ready = ready.filter(|(moment, _)| moment.is_none_or(|moment| moment <= now));
        Ok(ready.map(|(_, index)| index).collect())
    }
}

impl io::poll::HostPollable for EventState {
    async fn ready(&mut self, resource: Resource<Pollable>) -> Result<bool> {
        let moment = self.table.get(&resource)?.0;
        Ok(moment.is_none_or(|moment| moment <= Instant::now()))
    }

    async fn block(&mut self, resource: Resource<Pollable>) -> Result<()> {
        let _held = self.host_call(&())?;
        if let Some(moment) = self.table.get(&resource)?.0 {
            tokio::time::sleep_until(moment).await;
        }
        Ok(())
    }

    async fn drop(&mut self, resource: Resource<Pollable>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl io::streams::Host for EventState {}

type Stream<T> = Result<std::result::Result<T, StreamError>>;

impl io::streams::HostInputStream for EventState {
    async fn read(&mut self, _: Resource<Closed>, _: u64) -> Stream<Vec<u8>> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_read(&mut self, _: Resource<Closed>, _: u64) -> Stream<Vec<u8>> {
        Ok(Err(StreamError::Closed))
    }

    async fn skip(&mut self, _: Resource<Closed>, _: u64) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_skip(&mut self, _: Resource<Closed>, _: u64) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn subscribe(&mut self, _: Resource<Closed>) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable(None))?)
    }

    async fn drop(&mut self, resource: Resource<Closed>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl io::streams::HostOutputStream for EventState {
    async fn check_write(&mut self, _: Resource<Output>) -> Stream<u64> {
        Ok(Ok(u64::try_from(OUTPUT_LIMIT)?))
    }

    async fn write(&mut self, _: Resource<Output>, contents: Vec<u8>) -> Stream<()> {
        let _held = self.host_call(&contents)?;
        let room = OUTPUT_LIMIT.saturating_sub(self.output.len());
        self.output.extend(contents.into_iter().take(room));
        Ok(Ok(()))
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<Output>,
        contents: Vec<u8>,
    ) -> Stream<()> {
        io::streams::HostOutputStream::write(self, stream, contents).await
    }

    async fn flush(&mut self, _: Resource<Output>) -> Stream<()> {
        Ok(Ok(()))
    }

    async fn blocking_flush(&mut self, _: Resource<Output>) -> Stream<()> {
        Ok(Ok(()))
    }

    async fn subscribe(&mut self, _: Resource<Output>) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable(None))?)
    }

    async fn write_zeroes(&mut self, _: Resource<Output>, _: u64) -> Stream<()> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_write_zeroes_and_flush(&mut self, _: Resource<Output>, _: u64) -> Stream<()> {
        Ok(Err(StreamError::Closed))
    }

    async fn splice(&mut self, _: Resource<Output>, _: Resource<Closed>, _: u64) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn blocking_splice(
        &mut self,
        _: Resource<Output>,
        _: Resource<Closed>,
        _: u64,
    ) -> Stream<u64> {
        Ok(Err(StreamError::Closed))
    }

    async fn drop(&mut self, resource: Resource<Output>) -> Result<()> {
        self.table.delete(resource)?;
        Ok(())
    }
}

impl random::random::Host for EventState {
    async fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        let _held = self.host_call(&())?;
        if len > RANDOM_LIMIT {
            bail!("the component asked for {len} random bytes; at most {RANDOM_LIMIT} are given");
        }
        let mut bytes = vec![0; usize::try_from(len)?];
        getrandom::fill(&mut bytes).map_err(wasmtime::Error::new)?;
        Ok(bytes)
    }

    async fn get_random_u64(&mut self) -> Result<u64> {
        let _held = self.host_call(&())?;
        getrandom::u64().map_err(wasmtime::Error::new)
    }
}

impl random::insecure_seed::Host for EventState {
    async fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        let seed = || getrandom::u64().map_err(wasmtime::Error::new);
        Ok((seed()?, seed()?))
    }
}
