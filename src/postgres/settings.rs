//! What the embedded Postgres may be told; everything else is decided here in the house.

use std::path::PathBuf;

use super::memory;

/// Where the cluster lives and how large it may grow.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that holds the cluster, its socket and its logs; made when missing.
    pub data_dir: PathBuf,
    /// The folder of `postgres` and `initdb`; without it the newest on the machine is taken.
    pub bin_dir: Option<PathBuf>,
    /// How many connections the server admits, pools and tools together.
    pub max_connections: u16,
    /// Page cache of the server, in its own notation: `256MB`. A quarter of the memory unless said otherwise.
    pub shared_buffers: String,
    /// How much log may gather between two checkpoints, in its own notation: `4GB`.
    pub max_wal_size: String,
    /// Whether a commit survives a power cut.
    pub durability: Durability,
}

impl Settings {
    /// The settings that suit this machine, with the data in `data_dir`.
    pub fn at(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            max_connections: 100,
            shared_buffers: format!("{}MB", memory::shared_buffers_mib()),
            max_wal_size: "4GB".to_owned(),
            durability: Durability::On,
        }
    }
}

/// Whether the server waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// What was acknowledged is on the disk.
    #[default]
    On,
    /// DESTROYS DATA: after a power cut the whole cluster may be unreadable, every coupon gone.
    /// Only for clusters whose every row a test has made and may lose.
    OffForTests,
}

impl Durability {
    /// The value of `fsync`, `synchronous_commit` and `full_page_writes`.
    pub(super) fn switch(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::OffForTests => "off",
        }
    }
}
