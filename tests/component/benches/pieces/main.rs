//! Benchmarks of single parts in one process: the codec, a call of the API, an event.
//!
//! Each piece is done again and again for rounds of equal length. What is printed is the fastest round and the
//! median one: the first says what the piece costs, the second how much else the machine did. Nothing is
//! asserted but that the pieces work. `--smoke` does each a few times.
//!
//! `--count NAME TIMES` does one piece so many times, on one thread, and times nothing: for a tool that counts
//! instructions, which a busy machine does not change. `--names` prints what can be counted.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that measures prints, and stops where a piece does not work"
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
    /// Each is timed.
    Time {
        /// With a handful of repetitions.
        smoke: bool,
    },
    /// One is done so many times.
    Count { name: String, times: u32 },
    /// Their names are printed.
    Names,
}

/// Does pieces, each when its turn comes.
pub struct Bench {
    mode: Mode,
    /// Whether there was the piece that is to be counted.
    found: AtomicBool,
}

impl Bench {
    /// Does a piece; where it is timed, `times` times per round.
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
            // Threads that look for work would be counted, too.
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
    assert!(!is_missing, "there is no such piece; --names tells all");
}
