//! Wall clock and processor time of this process.

use std::time::{Duration, Instant};

/// What something took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time of all threads of this process.
    pub(crate) cpu: Duration,
}

/// Runs `work` and tells what it took.
pub(crate) fn cost<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Cost)> {
    let (begun, used) = (Instant::now(), cpu());
    let result = work()?;
    Ok((result, Cost { wall: begun.elapsed(), cpu: cpu().saturating_sub(used) }))
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of this process that is resident, bytes.
pub(crate) fn resident() -> anyhow::Result<u64> {
    resident_of("self")
}

/// Memory of a process, by its number, that is resident, bytes.
pub(crate) fn resident_of(process: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line.unwrap_or_default().trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes << 10)
}

impl Cost {
    /// Messages a second.
    pub(crate) fn rate(&self, messages: u64) -> f64 {
        messages as f64 / self.wall.as_secs_f64()
    }

    /// Microseconds of processor time a message.
    pub(crate) fn cpu_each(&self, messages: u64) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / messages as f64
    }
}
