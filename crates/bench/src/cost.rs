//! What a process has cost: time on a core, and time that it waited for one, from the kernel's own accounts.

use std::fs;
use std::io;
use std::ops::Sub;
use std::time::Duration;

/// Time on cores and time in their queues, over all threads of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Running.
    pub cpu: Duration,
    /// Ready to run, but not let.
    pub waited: Duration,
}

impl Cost {
    /// What the threads of a process have cost so far.
    ///
    /// # Errors
    /// There is no such process, or the kernel keeps no such accounts.
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut sum = Self::default();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end between the listing and the look.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let mut fields = text.split_whitespace().map(|n| n.parse().map(Duration::from_nanos));
            let mut next = || fields.next().and_then(Result::ok).unwrap_or_default();
            (sum.cpu, sum.waited) = (sum.cpu + next(), sum.waited + next());
        }
        Ok(sum)
    }

    /// The sum over several processes.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_all(pids: &[u32]) -> io::Result<Self> {
        pids.iter().try_fold(Self::default(), |sum, pid| {
            let one = Self::of(*pid)?;
            Ok(Self { cpu: sum.cpu + one.cpu, waited: sum.waited + one.waited })
        })
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), waited: self.waited.saturating_sub(earlier.waited) }
    }
}
