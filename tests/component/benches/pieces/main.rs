//! Benchmarks of single parts in one process: the codec, an API call, an event.
//!
//! Each benchmark repeats in rounds of equal length. The output has the fastest and the median round: the first shows the
//! cost, and the difference shows other load on the machine. A run fails only if a benchmark does not work. `--smoke` runs
//! each a few times.
//!
//! `--count NAME TIMES` runs one benchmark that many times on one thread and measures no time. It is for a tool that counts
//! instructions, which do not depend on the load. `--names` prints the names of the benchmarks.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results and stops if a part does not work"
)]

mod api;
mod bare;
mod codec;
mod events;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 15;

/// The benchmarks.
enum Mode {
    /// Measure each benchmark.
    Time {
        /// With a few repetitions.
        smoke: bool,
    },
    /// Run one benchmark this many times.
    Count { name: String, times: u32 },
    /// Print the names.
    Names,
}

/// Runs the benchmarks that the mode selects.
pub struct Bench {
    mode: Mode,
    /// Whether the benchmark to count exists.
    found: AtomicBool,
}

impl Bench {
    /// Runs a benchmark; if it is measured, `times` times per round.
    pub async fn piece<F: Future<Output = ()>>(
        &self,
        name: &str,
        times: u32,
        mut piece: impl FnMut() -> F,
    ) {
        match &self.mode {
            Mode::Names => println!("{name}"),
            Mode::Count {
                name: wanted,
                times,
            } => {
                if wanted == name {
                    self.found.store(true, Ordering::Relaxed);
                    for _ in 0..*times {
                        piece().await;
                    }
                }
            }
            Mode::Time { smoke } => {
                let times = if *smoke { 2 } else { times };
                self.time(name, times, piece).await;
            }
        }
    }

    async fn time<F: Future<Output = ()>>(
        &self,
        name: &str,
        times: u32,
        mut piece: impl FnMut() -> F,
    ) {
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for _ in 0..times {
                piece().await;
            }
            rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(times));
        }
        rounds.sort_unstable_by(f64::total_cmp);
        let median = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
        let fastest = rounds.first().copied().unwrap_or_default();
        println!("{name:<58} {fastest:>10.2} {median:>10.2}");
    }

    fn runtime(&self) -> Runtime {
        let mut builder = match self.mode {
            Mode::Time { .. } => Builder::new_multi_thread(),
            // Idle worker threads would be counted too.
            Mode::Count { .. } | Mode::Names => Builder::new_current_thread(),
        };
        let runtime = builder.worker_threads(2).enable_all().build();
        runtime.expect("threads to run on")
    }
}

fn mode() -> Mode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| words.iter().any(|word| word == option);
    let mut count = words.iter().skip_while(|word| *word != "--count").skip(1);
    match (count.next(), count.next()) {
        _ if has("--names") => Mode::Names,
        (Some(name), times) => Mode::Count {
            name: name.clone(),
            times: times
                .and_then(|times| times.parse().ok())
                .expect("--count NAME TIMES"),
        },
        (None, _) => Mode::Time {
            smoke: has("--smoke"),
        },
    }
}

fn main() {
    let bench = Bench {
        mode: mode(),
        found: AtomicBool::new(false),
    };
    if let Mode::Time { .. } = bench.mode {
        println!("{:<58} {:>10} {:>10}", "µs each", "fastest", "median");
    }
    bench.runtime().block_on(async {
        bench.codec().await;
        bench.api().await;
        bench.events().await;
    });
    let is_missing =
        matches!(bench.mode, Mode::Count { .. }) && !bench.found.load(Ordering::Relaxed);
    assert!(
        !is_missing,
        "no benchmark has this name; --names prints all names"
    );
}
