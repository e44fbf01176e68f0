//! Reads `postmaster.pid`, where a server says who it is and whether it is ready.

/// What the server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    /// Recovery is over and connections are taken.
    pub(super) is_ready: bool,
}

impl PidFile {
    /// `None` while the file is empty or half-written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // Data folder, start time, port, socket folder, address and shared memory lie between.
        let is_ready = lines.nth(6).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, is_ready })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_the_eighth_line_says_so() {
        let head = "4711\n/data/pg\n1763700000\n5432\n/data/run\n\n  1048632         3\n";

        let ready = PidFile::parse(&format!("{head}ready   \n"));
        let starting = PidFile::parse(&format!("{head}starting\n"));

        assert_eq!(ready, Some(PidFile { pid: 4711, is_ready: true }));
        assert_eq!(starting, Some(PidFile { pid: 4711, is_ready: false }));
        assert_eq!(PidFile::parse(head), starting);
    }

    #[test]
    fn an_empty_or_foreign_file_says_nothing() {
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("not a number\n"), None);
    }
}
