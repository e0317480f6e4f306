//! CPU time and memory of a process, as the kernel accounts for them.
//!
//! CPU time is the sum over the process's threads in `/proc/PID/task/*/schedstat`, in nanoseconds. The sum lacks threads
//! that have ended. If a thread ended, the clock ticks in `/proc/PID/stat` are used instead, which include ended threads
//! and have a resolution of 10 ms.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// The duration of a tick in `/proc/PID/stat`. `getconf CLK_TCK` prints 100 on every current Linux.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a process at one point in time.
#[derive(Clone, Debug, Default)]
pub struct Cpu {
    /// Nanoseconds by thread.
    threads: BTreeMap<u32, u64>,
    ticks: u64,
}

impl Cpu {
    /// The CPU time of a process, zero if it has ended.
    pub fn of(process: u32) -> Cpu {
        let tasks = fs::read_dir(format!("/proc/{process}/task"));
        let threads = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let number = task.file_name().to_string_lossy().parse().ok()?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((number, text.split_whitespace().next()?.parse().ok()?))
        });
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in parentheses, can contain any character. The fields utime and stime are the 12th and 13th after it.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after.split_whitespace().skip(11).take(2);
        Cpu {
            threads: threads.collect(),
            ticks: ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum(),
        }
    }

    /// The CPU time between `earlier` and this point in time.
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
    /// Resident memory, `VmRSS`, including the mapped pages of the executable.
    pub resident: u64,
    /// Anonymous resident memory, `RssAnon`.
    pub own: u64,
}

impl Memory {
    /// The memory of a running process.
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
    fn this_process_has_used_cpu_time_and_memory() {
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
    fn if_a_thread_has_ended_the_ticks_are_used() {
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
