//! How much of the machine's memory the server may use as its page cache.

use std::fs;

/// Less than this no server should have, even on a small machine.
const LEAST_MIB: u64 = 128;
/// More than this brings little before the tables are larger than one machine should hold.
const MOST_MIB: u64 = 4096;

/// A quarter of the memory that this process may have, within limits.
pub(super) fn shared_buffers_mib() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    quarter(machine.as_deref(), container.as_deref())
}

fn quarter(meminfo: Option<&str>, memory_max: Option<&str>) -> u64 {
    let machine = meminfo.and_then(total_mib);
    // A container without a limit says `max`.
    let container = memory_max.and_then(|text| text.trim().parse::<u64>().ok()).map(|b| b >> 20);
    let mib = [machine, container].into_iter().flatten().min();
    mib.map_or(LEAST_MIB, |mib| (mib / 4).clamp(LEAST_MIB, MOST_MIB))
}

fn total_mib(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_quarter_of_what_there_is_within_limits() {
        let machine = |mib: u64| format!("MemTotal:       {} kB\nMemFree: 1 kB\n", mib << 10);
        for (memory, container, expected) in [
            (8192, None, 2048),
            (65_536, None, 4096),
            (256, None, 128),
            (8192, Some("max\n"), 2048),
            (8192, Some("1073741824\n"), 256),
        ] {
            assert_eq!(
                quarter(Some(&machine(memory)), container),
                expected,
                "{memory} {container:?}"
            );
        }
        assert_eq!(quarter(None, None), 128);
    }
}
