//! Processes, and what they use.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process with its children; killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Process(command.stdin(Stdio::null()).spawn().expect("a process"))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap().success());
    }

    fn all(&self) -> Vec<u32> {
        let own = self.0.id();
        let children =
            std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|number| number.parse().ok());
        std::iter::once(own).chain(children).collect()
    }

    /// User and system time, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        self.all().into_iter().map(cpu_of).sum()
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> f64 {
        self.all().into_iter().map(memory_of).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx's master ends its workers only when asked to.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        for _ in 0..50 {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ticks are of 10 ms; they are scaled to what the scheduler has counted exactly.
fn cpu_of(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn memory_of(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}
