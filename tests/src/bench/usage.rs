//! What a process has used: CPU time and memory, as the kernel accounts for them.
//!
//! CPU time is summed over the process's threads from `/proc/PID/task/*/schedstat`, in nanoseconds. A thread
//! that ends takes its part of the sum along; where one did, the clock ticks of `/proc/PID/stat` count, which
//! keep the time of ended threads and have a resolution of 10 ms.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// How long a tick of `/proc/PID/stat` is: what `getconf CLK_TCK` says on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a process at a moment.
#[derive(Clone, Debug, Default)]
pub struct Cpu {
    /// Nanoseconds by thread.
    threads: BTreeMap<u32, u64>,
    ticks: u64,
}

impl Cpu {
    /// That of a running process; nothing of one that is gone.
    pub fn of(process: u32) -> Cpu {
        let tasks = fs::read_dir(format!("/proc/{process}/task"));
        let threads = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let number = task.file_name().to_string_lossy().parse().ok()?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((number, text.split_whitespace().next()?.parse().ok()?))
        });
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th after it.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after.split_whitespace().skip(11).take(2);
        Cpu {
            threads: threads.collect(),
            ticks: ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum(),
        }
    }

    /// What was used from `earlier` until this moment.
    pub fn since(&self, earlier: &Cpu) -> Duration {
        let all_there = earlier
            .threads
            .keys()
            .all(|thread| self.threads.contains_key(thread));
        if all_there && !self.threads.is_empty() {
            let sum = |cpu: &Cpu| cpu.threads.values().sum::<u64>();
            return Duration::from_nanos(sum(self).saturating_sub(sum(earlier)));
        }
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// All that is resident, `VmRSS`: also the pages of the executable, which are the file's.
    pub resident: u64,
    /// The part that is the process's own, `RssAnon`.
    pub own: u64,
}

impl Memory {
    /// That of a running process.
    pub fn of(process: u32) -> Memory {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            number.unwrap_or_default() * 1024
        };
        Memory {
            resident: field("VmRSS:"),
            own: field("RssAnon:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let before = Cpu::of(std::process::id());
        let mut number = 1_u64;
        let used = crate::process::wait_until(Duration::from_secs(30), || {
            for step in 0..1_000_000_u64 {
                number = std::hint::black_box(number.wrapping_mul(step | 1));
            }
            let used = Cpu::of(std::process::id()).since(&before);
            (used > Duration::ZERO).then_some(used)
        });
        assert!(used.is_some());
        let memory = Memory::of(std::process::id());
        assert!(memory.resident > memory.own && memory.own > 0);
    }

    #[test]
    fn a_thread_that_ended_makes_the_ticks_count() {
        let cpu = |threads: &[(u32, u64)], ticks| Cpu {
            threads: threads.iter().copied().collect(),
            ticks,
        };
        let later = cpu(&[(1, 500), (3, 70)], 9);
        assert_eq!(later.since(&cpu(&[(1, 300)], 4)), Duration::from_nanos(270));
        let fewer = cpu(&[(1, 300), (2, 100)], 4);
        assert_eq!(later.since(&fewer), Duration::from_millis(50));
    }
}
