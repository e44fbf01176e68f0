//! The rooms of the house: whom each may use, and what it must never do.

pub struct Room {
    /// As a path below `src`; `x` stands for each platform or merchant protocol.
    pub name: &'static str,
    /// What it may name of ours besides itself: a room, or one module of it.
    pub may_use: &'static [&'static str],
    /// The outside things it must never name, or with a dot or a keyword: what it must never say.
    pub never: &'static [&'static str],
    pub why: &'static str,
}

const NO_HTTP: &[&str] = &["axum", "http", "hyper", "hyper_util", "reqwest", "tower", "tower_http"];

/// The one table. What is not allowed here is forbidden.
pub const ROOMS: &[Room] = &[
    Room {
        name: "domain",
        may_use: &[],
        never: &[
            "async",
            "await",
            "std::env",
            "std::fs",
            "std::io",
            "std::net",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "Instant::now",
            "SystemTime::now",
            "Utc::now",
            "Local::now",
            "chrono::Local",
        ],
        why: "rules are pure: no waiting, no log, no clock, no input or output",
    },
    Room {
        name: "store",
        may_use: &["domain"],
        never: &[".begin(", ".commit(", ".rollback(", "Utc::now", "tracing", "tokio"],
        why: "statements only: who calls them owns the transaction, the rule and the time",
    },
    Room {
        name: "issuing",
        may_use: &["domain", "store", "clock", "config::issuing"],
        never: NO_HTTP,
        why: "the engine serves every platform, so it knows none",
    },
    Room {
        name: "vault",
        may_use: &["config::secrets"],
        never: &["axum", "sqlx", "http", "hyper", "reqwest", "tokio"],
        why: "seals and opens texts; where they are kept and why is for others",
    },
    Room {
        name: "service",
        may_use: &["domain", "store", "issuing", "clock", "vault"],
        never: NO_HTTP,
        why: "a use case is the same whoever asks; the clock is for what runs in the background",
    },
    Room { name: "platform", may_use: &[], never: &[], why: "only the list of platforms" },
    Room {
        name: "platform/x",
        may_use: &["http", "outgoing", "service", "domain", "issuing", "clock", "config::x"],
        never: &[".begin(", ".commit("],
        why: "a platform's words stay in its folder; a callback goes straight to the engine",
    },
    Room { name: "gateway", may_use: &[], never: &[], why: "only the list of merchant protocols" },
    Room {
        name: "gateway/x",
        may_use: &["http", "service", "domain", "config::x"],
        never: &[".begin(", ".commit(", "reqwest"],
        why: "somebody else's protocol, spoken over our use cases",
    },
    Room {
        name: "api",
        may_use: &[
            "http",
            "service",
            "issuing::Issuer",
            "domain",
            "store",
            "clock",
            "config::limits",
            "platform",
            "gateway",
            "vault",
        ],
        never: &[".begin(", ".commit(", "reqwest"],
        why: "reads the store, changes through services, to which it hands the engine; platforms and merchant protocols \
              check what only they understand",
    },
    Room {
        name: "console",
        may_use: &["http", "service", "domain", "store", "clock"],
        never: &[".begin(", ".commit(", "reqwest"],
        why: "reads the store, changes through services",
    },
    Room {
        name: "delivery",
        may_use: &[
            "outgoing",
            "platform",
            "store",
            "service",
            "domain",
            "clock",
            "vault",
            "config::delivery",
            "config::reconciliation",
        ],
        never: &["axum"],
        why: "pays what we owe, and serves nobody",
    },
    Room {
        name: "http",
        may_use: &["domain"],
        never: &["sqlx::PgPool", "sqlx::PgConnection", "reqwest"],
        why: "what all our listeners share: no use case, no statement",
    },
    Room {
        name: "outgoing",
        may_use: &[],
        never: &["sqlx", "tokio", "axum"],
        why: "what calls to any platform have in common, and nothing of one platform",
    },
    Room {
        name: "simulator",
        may_use: &[],
        never: &["sqlx"],
        why: "written from the platform's documents: a misspelt field must not pass both sides",
    },
    Room {
        name: "postgres",
        may_use: &[],
        never: NO_HTTP,
        why: "looks after a server and knows nothing of coupons",
    },
    Room { name: "clock", may_use: &[], never: &[], why: "everybody asks it, so it asks nobody" },
    Room {
        name: "config",
        may_use: &[],
        never: &["tokio", "axum"],
        why: "read once, before anything else is there",
    },
    Room {
        name: "telemetry",
        may_use: &["config::log"],
        never: &["axum"],
        why: "set up first, from its own section",
    },
    Room {
        name: "app",
        may_use: &[
            "api",
            "clock",
            "config",
            "console",
            "delivery",
            "domain",
            "gateway",
            "http",
            "issuing",
            "platform",
            "postgres",
            "service",
            "store",
            "telemetry",
            "vault",
        ],
        never: &[".begin(", ".commit("],
        why: "wires everything, so it sees all but the commands and the simulator",
    },
    Room {
        name: "ops",
        may_use: &[
            "app",
            "clock",
            "config",
            "domain",
            "issuing",
            "platform",
            "postgres",
            "service",
            "simulator",
            "store",
            "vault",
        ],
        never: &["clap"],
        why: "looks at the whole from outside: audit, bench, demo, doctor",
    },
    Room {
        name: "cli",
        may_use: &[
            "api::delivery_brief",
            "api::statistics",
            "api::platform_rules",
            "api::gateway_rules",
            "app",
            "clock",
            "config",
            "domain",
            "ops",
            "postgres",
            "service",
            "simulator",
            "store",
            "telemetry",
            "vault",
        ],
        never: &[".begin(", ".commit(", "axum"],
        why: "commands: they ask the rest and print what it says; what only a platform can judge is asked, and what is owed \
              is shown, as the API does it",
    },
    Room {
        name: "main",
        may_use: &["cli"],
        never: &["sqlx", "tokio"],
        why: "hands arguments and environment to the commands, nothing else",
    },
];

/// What the rules of a room may still be named from outside; everything else is forbidden there.
pub const DOMAIN_CRATES: &[&str] = &[
    "std",
    "chrono",
    "uuid",
    "serde",
    "serde_with",
    "serde_json",
    "schemars",
    "thiserror",
    // What names an act that no platform names is a hash.
    "sha2",
    "sqlx::Type",
];

/// Rooms that answer people may look into the store, with functions that begin so.
pub const READERS: &[&str] = &["api", "console"];
pub const READS: &[&str] = &["find", "get", "list", "count"];

/// Places that may do what their room may not, with the reason.
pub const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("src/store/begin.rs", ".begin(", "whoever calls it owns the transaction"),
    ("src/store/begin.rs", "tokio", "a task of its own sees every beginning through"),
    ("src/store/bench.rs", ".begin(", "the bench compares with a transaction for each claim"),
    ("src/store/bench.rs", ".commit(", "the bench compares with a transaction for each claim"),
    (
        "src/postgres.rs",
        "SQL",
        "`ensure_database` runs before there is a database to check against",
    ),
];

/// The name in the table of the room that a module belongs to, and the platform or protocol in place of `x`.
pub fn room_of(module: &[String]) -> (String, Option<&str>) {
    match module {
        [] => ("lib".to_owned(), None),
        [edge, x, ..] if edge == "platform" || edge == "gateway" => {
            (format!("{edge}/x"), Some(x.as_str()))
        }
        [room, ..] => (room.clone(), None),
    }
}
