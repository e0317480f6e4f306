//! A bundle under benchmark.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::load::{Connection, Latencies, Request, drive};
use super::meetings::Starter;
use super::report::{Column, Figure, Values};
use super::results::{self, Amount, CONNECTIONS, Load, READS, failed, note, size};
use super::usage::{Cpu, Memory};

use crate::client::text_at;
use crate::process::{self, wait_until};
use crate::site::{Error, PLUGIN, Site};
use crate::zoom::Meeting;

/// The id of `tests/guests/hello`.
const HELLO: &str = "hello";
/// Longer than the server takes to notice that a plugin is gone.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The time between two checks of a recovering plugin.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// A process is idle if it used less CPU time than this within [`REST`].
const RESTING: Duration = Duration::from_millis(2);
const REST: Duration = Duration::from_millis(250);
/// Requests are made and sent in batches, so that their signatures are fresh and few are kept.
const BATCH: usize = 2_000;
/// The number of the next meeting that a channel follows. Each meeting ends once, because concurrent ends of one meeting
/// would measure the contention on its record.
static NEXT_FOLLOWED: AtomicU64 = AtomicU64::new(81_000_000_000);
/// The number of an unknown meeting.
const UNKNOWN_ID: u64 = 85_746_065_433;

/// The meeting of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// A meeting that a channel follows.
    Followed,
    /// An unknown meeting.
    Unknown,
}

/// The size of the value in the read benchmark, in bytes.
const VALUE: usize = 300;

/// The benchmarks that a bundle supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plugin for Zoom: webhooks and meetings.
    Zoom,
    /// The component `hello`: plain requests, reads, a trap.
    Hello,
    /// The baseline: webhooks, plain requests, reads, a panic.
    Baseline,
    /// A bundle from the command line. Its id determines the kind; unknown ids are treated like the baseline.
    Other,
}

/// A bundle and its results.
pub struct Contender {
    bundle: PathBuf,
    kind: Kind,
    /// Whether it is a component on our host.
    is_sandboxed: bool,
    id: String,
    name: String,
    values: Values,
    notes: Vec<String>,
    starter: Option<Starter>,
    numbers: u64,
}

impl Contender {
    /// Uploads the bundle and enters its settings.
    pub fn new(bundle: &Path, kind: Kind, site: &Site) -> Result<Contender, Error> {
        let manifest = site.administrator.upload_plugin(bundle)?;
        let id = text_at(&manifest, "/id")?;
        let kind = match kind {
            Kind::Other if id == PLUGIN => Kind::Zoom,
            Kind::Other if id == HELLO => Kind::Hello,
            Kind::Other => Kind::Baseline,
            known => known,
        };
        let settings = match kind {
            Kind::Zoom => site.settings(),
            _ => json!({
                "webhooksecret": site.webhook_secret,
                "zoomwebhooksecret": site.zoom.app().webhook_secret,
            }),
        };
        site.administrator.configure_plugin(&id, &settings)?;
        let mut values = Values::default();
        values.add(results::BUNDLE, size(bundle)?);
        let executable = executable(&manifest)?;
        let executable = site.server.plugin_folder().join(&id).join(executable);
        values.add(results::EXECUTABLE, size(&executable)?);
        let version = text_at(&manifest, "/version").unwrap_or_default();
        Ok(Contender {
            bundle: bundle.to_owned(),
            kind,
            is_sandboxed: manifest.pointer("/props/sandbox").is_some(),
            name: format!("{id} {version}"),
            id,
            values,
            notes: Vec::new(),
            starter: None,
            numbers: 0,
        })
    }

    /// Its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The benchmarks that it supports.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its column of the table.
    pub fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            values: self.values.clone(),
        }
    }

    /// The missing results and the reasons.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn has_webhooks(&self) -> bool {
        self.kind != Kind::Hello
    }

    fn has_test_routes(&self) -> bool {
        self.kind != Kind::Zoom
    }

    /// Measures it in one round. No other plugin is enabled meanwhile.
    pub fn round(&mut self, site: &Site, amount: &Amount, round: usize) -> Result<(), Error> {
        self.values.set_round(Some(round));
        let process = self.enable(site, true)?;
        self.remember(process, results::IDLE, results::IDLE_OWN);
        if self.has_webhooks() {
            self.webhook_loads(site, process, amount, round)?;
            // Measured here, because every bundle received the same number of webhooks so far.
            self.remember(process, results::LOADED, results::LOADED_OWN);
        }
        if self.has_test_routes() {
            let warm_up = vec![self.get("/header"); amount.warm_up()];
            self.drive(site, 1, &warm_up)?;
            self.load(
                site,
                process,
                amount,
                &results::PLAIN,
                |contender, count| Ok(vec![contender.get("/header"); count]),
            )?;
            self.reads(site, process, amount)?;
        }
        if self.kind == Kind::Zoom {
            self.starts(site, amount);
        }
        if self.kind == Kind::Hello {
            self.recover(site)?;
        }
        self.disable(site)?;
        self.values.set_round(None);
        Ok(())
    }

    /// Runs the webhook benchmarks: the same number for each bundle, in the same order within a round.
    ///
    /// The last two send the same requests to all bundles but the baseline, which makes only one API call in the
    /// [`results::LEAST`] benchmark. Every bundle runs both, so that its memory is measured after the same number of
    /// webhooks and the baseline is compared with a run at the same position. Their order alternates between rounds,
    /// because the state of the server changes.
    fn webhook_loads(
        &mut self,
        site: &Site,
        process: u32,
        amount: &Amount,
        round: usize,
    ) -> Result<(), Error> {
        let warm_up = self.webhooks(site, "/webhook", About::Followed, amount.warm_up())?;
        self.drive(site, 1, &warm_up)?;
        let least = match self.kind {
            Kind::Baseline => "/once",
            _ => "/webhook",
        };
        let mut loads = [
            (results::FOLLOWED, "/webhook", About::Followed),
            (results::UNKNOWN, "/webhook", About::Unknown),
            (results::LEAST, least, About::Unknown),
        ];
        if let (0, [_, last @ ..]) = (round % 2, &mut loads) {
            last.reverse();
        }
        for (load, path, about) in loads {
            self.load(site, process, amount, &load, |contender, count| {
                contender.webhooks(site, path, about, count)
            })?;
        }
        Ok(())
    }

    /// Measures the growth of its memory over many events.
    pub fn drift(&mut self, site: &Site, amount: &Amount) -> Result<(), Error> {
        if !self.has_webhooks() || amount.drift == 0 {
            return Ok(());
        }
        let process = self.enable(site, false)?;
        // Memory reaches its peak only after many events, because rarely all connections are in use at once.
        let warm = amount.many.max(amount.drift / 5);
        let requests = self.webhooks(site, "/webhook", About::Followed, warm)?;
        self.drive(site, CONNECTIONS, &requests)?;
        settle(process);
        let before = Memory::of(process).resident as f64;
        let mut left = amount.drift;
        while left > 0 {
            let count = left.min(BATCH);
            let requests = self.webhooks(site, "/webhook", About::Followed, count)?;
            self.drive(site, CONNECTIONS, &requests)?;
            left -= count;
        }
        settle(process);
        let after = Memory::of(process).resident as f64;
        self.values.add(results::GROWTH, after - before);
        self.disable(site)
    }

    /// Crashes a Go plugin, which ends its process, and waits until the server restarts it. A component cannot end
    /// the process of the host; see [`Contender::recover`].
    pub fn crash(&mut self, site: &Site) -> Result<(), Error> {
        if self.is_sandboxed {
            return Ok(());
        }
        let process = self.enable(site, false)?;
        if self.kind == Kind::Zoom {
            process::kill(process);
        }
        self.recover(site)?;
        self.disable(site)
    }

    /// Enables it and returns its process once that is idle.
    fn enable(&mut self, site: &Site, measured: bool) -> Result<u32, Error> {
        // Another bundle with the same id may have replaced it.
        site.administrator.upload_plugin(&self.bundle)?;
        let mark = site.server.log_text().len();
        site.administrator.enable_plugin(&self.id)?;
        let folder = site.server.plugin_folder().join(&self.id);
        let process = wait_until(TIMEOUT, || process::processes_in(&folder).pop());
        let Some(process) = process else {
            let text = format!("{} does not start", self.name);
            return Err(Error::Unexpected(text));
        };
        let log = site.server.log_text();
        let took = activation(log.get(mark..).unwrap_or_default(), &self.id);
        if let (true, Some(took)) = (measured, took) {
            self.values.add(results::ACTIVATED, took);
        }
        settle(process);
        Ok(process)
    }

    fn disable(&self, site: &Site) -> Result<(), Error> {
        site.administrator.disable_plugin(&self.id)?;
        let folder = site.server.plugin_folder().join(&self.id);
        let gone = wait_until(TIMEOUT, || {
            process::processes_in(&folder).is_empty().then_some(())
        });
        gone.ok_or_else(|| Error::Unexpected(format!("{} does not end", self.name)))
    }

    fn remember(&mut self, process: u32, resident: Figure, own: Figure) {
        let memory = Memory::of(process);
        self.values.add(resident, memory.resident as f64);
        self.values.add(own, memory.own as f64);
    }

    fn get(&self, path: &str) -> Request {
        let headers = [("X-Name", "bench".to_owned())];
        Request::new("GET", &self.id, path, &headers, "")
    }

    /// Signed webhooks for the end of `count` new meetings.
    fn webhooks(
        &mut self,
        site: &Site,
        path: &str,
        about: About,
        count: usize,
    ) -> Result<Vec<Request>, Error> {
        let numbers: Vec<u64> = match about {
            About::Followed => self.follow(site, count)?.collect(),
            About::Unknown => vec![UNKNOWN_ID; count],
        };
        let secret = &site.webhook_secret;
        let mut requests = Vec::with_capacity(count);
        for number in numbers {
            self.numbers += 1;
            let uuid = format!("{}/{:010}==", self.name, self.numbers);
            let meeting = Meeting {
                start_time: site.zoom.time(),
                ..Meeting::occurrence(number, &uuid)
            };
            let webhook = site.zoom.webhook("meeting.ended", &meeting);
            requests.push(Request::webhook(&self.id, path, secret, &webhook));
        }
        Ok(requests)
    }

    /// Stores that a channel follows `count` meetings, and returns their numbers.
    fn follow(&self, site: &Site, count: usize) -> Result<Range<u64>, Error> {
        let first = NEXT_FOLLOWED.fetch_add(count as u64, Ordering::Relaxed);
        let record = json!({"channel_id": "c", "is_subscription": true, "created_by": "u"});
        let (id, end) = (&self.id, first + count as u64);
        site.query(&format!(
            "insert into pluginkeyvaluestore (pluginid, pkey, pvalue, expireat) \
             select '{id}', 'meeting_channel_' || number, convert_to('{record}', 'UTF8'), 0 \
             from generate_series({first}, {end} - 1) number"
        ))?;
        Ok(first..end)
    }

    fn drive(
        &self,
        site: &Site,
        connections: usize,
        requests: &[Request],
    ) -> Result<Latencies, Error> {
        drive(site.server.port(), connections, requests).map_err(|error| failed(&self.name, &error))
    }

    /// Sends requests and returns their latencies and the CPU time per request.
    fn cost(
        &self,
        site: &Site,
        process: u32,
        connections: usize,
        requests: &[Request],
    ) -> Result<(Latencies, f64), Error> {
        settle(process);
        let before = Cpu::of(process);
        let latencies = self.drive(site, connections, requests)?;
        // Work after the answer belongs to the event, too.
        thread::sleep(POLL_INTERVAL);
        let used = Cpu::of(process).since(&before);
        Ok((latencies, used.as_secs_f64() / requests.len().max(1) as f64))
    }

    fn load(
        &mut self,
        site: &Site,
        process: u32,
        amount: &Amount,
        load: &Load,
        requests: impl Fn(&mut Contender, usize) -> Result<Vec<Request>, Error>,
    ) -> Result<(), Error> {
        let one = requests(self, amount.one)?;
        let (latencies, cpu) = self.cost(site, process, 1, &one)?;
        self.values.add(load.one, cpu);
        self.values
            .add(load.one_p50, latencies.at(0.5).as_secs_f64());
        let many = requests(self, amount.many)?;
        let (latencies, cpu) = self.cost(site, process, CONNECTIONS, &many)?;
        self.values.add(load.many, cpu);
        self.values
            .add(load.many_p50, latencies.at(0.5).as_secs_f64());
        self.values
            .add(load.many_p99, latencies.at(0.99).as_secs_f64());
        Ok(())
    }

    /// Measures one API call: events with many reads minus events without reads, divided by the number of reads.
    fn reads(&mut self, site: &Site, process: u32, amount: &Amount) -> Result<(), Error> {
        let value = "v".repeat(VALUE);
        let store = Request::new("PUT", &self.id, "/value", &[], &value);
        self.drive(site, 1, &[store])?;
        let with = vec![self.get(&format!("/kv-reads?n={READS}")); amount.reading];
        let without = vec![self.get("/kv-reads?n=0"); amount.reading];
        self.drive(site, 1, &with)?;
        let (time, cpu) = self.cost(site, process, 1, &with)?;
        let (base_time, base_cpu) = self.cost(site, process, 1, &without)?;
        let time = time.at(0.5).saturating_sub(base_time.at(0.5));
        let reads = READS as f64;
        self.values.add(results::READ, time.as_secs_f64() / reads);
        self.values
            .add(results::READ_CPU, (cpu - base_cpu).max(0.0) / reads);
        Ok(())
    }

    fn starts(&mut self, site: &Site, amount: &Amount) {
        if self.starter.is_none() && self.notes.is_empty() {
            match Starter::new(site, &self.id) {
                Ok(starter) => self.starter = Some(starter),
                Err(error) => self.notes.push(note("start of a meeting", &error)),
            }
        }
        let Some(starter) = &mut self.starter else {
            return;
        };
        match starter.start(site, amount.starts) {
            Ok(latencies) => self
                .values
                .add(results::START, latencies.at(0.5).as_secs_f64()),
            Err(error) => {
                self.notes.push(note("start of a meeting", &error));
                self.starter = None;
            }
        }
    }

    /// Measures the time from the request that crashes the plugin to the next good answer.
    fn recover(&mut self, site: &Site) -> Result<(), Error> {
        let ask = |path: &str| -> Option<u16> {
            let mut connection = Connection::open(site.server.port()).ok()?;
            let (status, _) = connection.ask(&self.get(path)).ok()?;
            Some(status)
        };
        // A plugin for Zoom has no such routes. It was killed by the caller, and its 404 shows that it runs.
        let (path, good) = match self.kind {
            Kind::Zoom => ("/none", 404),
            _ => ("/header", 200),
        };
        let began = Instant::now();
        if self.kind != Kind::Zoom {
            ask("/trap");
        }
        let mut lost = 0.0;
        while began.elapsed() < TIMEOUT {
            if ask(path) == Some(good) && self.is_running(site) {
                self.values
                    .add(results::RECOVERY, began.elapsed().as_secs_f64());
                self.values.add(results::LOST, lost);
                return Ok(());
            }
            lost += 1.0;
            thread::sleep(POLL_INTERVAL);
        }
        let text = format!("{} does not recover", self.name);
        Err(Error::Unexpected(text))
    }

    fn is_running(&self, site: &Site) -> bool {
        !process::processes_in(&site.server.plugin_folder().join(&self.id)).is_empty()
    }
}

/// The path of the executable in the bundle.
fn executable(manifest: &Value) -> Result<String, Error> {
    let path = text_at(manifest, "/server/executables/linux-amd64")
        .or_else(|_| text_at(manifest, "/server/executable"));
    Ok(path?)
}

/// Waits until a process is idle.
fn settle(process: u32) {
    wait_until(TIMEOUT, || {
        let before = Cpu::of(process);
        thread::sleep(REST);
        (Cpu::of(process).since(&before) < RESTING).then_some(())
    });
}

/// The seconds between the server's log lines "starting plugin" and "Plugin activated".
fn activation(log: &str, id: &str) -> Option<f64> {
    let lines = log.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is = |name: &str, value: &str| line.get(name).and_then(Value::as_str) == Some(value);
        if !is("plugin_id", id) {
            return None;
        }
        let which = [is("msg", "starting plugin"), is("msg", "Plugin activated")];
        Some((which, milliseconds(&text_at(&line, "/timestamp").ok()?)?))
    });
    let (mut started, mut activated) = (None, None);
    for ([starts, activates], time) in lines {
        if starts {
            (started, activated) = (Some(time), None);
        }
        if activates {
            activated = Some(time);
        }
    }
    Some((activated? - started?) / 1000.0)
}

/// The time of day in `2026-11-23 11:37:51.503 Z`, in milliseconds.
fn milliseconds(timestamp: &str) -> Option<f64> {
    let mut parts = timestamp.split(' ').nth(1)?.split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    Some(((hours * 60.0 + minutes) * 60.0 + seconds) * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_activation_in_the_log_counts() {
        let log = r#"
{"timestamp":"2026-11-23 11:37:50.000 Z","msg":"starting plugin","plugin_id":"zoom"}
{"timestamp":"2026-11-23 11:37:51.000 Z","msg":"Plugin activated","plugin_id":"zoom"}
not JSON
{"timestamp":"2026-11-23 11:59:59.990 Z","msg":"starting plugin","plugin_id":"zoom"}
{"timestamp":"2026-11-23 12:00:00.000 Z","msg":"starting plugin","plugin_id":"other"}
{"timestamp":"2026-11-23 12:00:00.031 Z","msg":"Plugin activated","plugin_id":"zoom"}
"#;
        let took = activation(log, "zoom").unwrap();
        assert!((took - 0.041).abs() < 1e-6, "{took}");
        assert_eq!(activation(log, "other"), None);
        assert_eq!(activation("", "zoom"), None);
    }
}
