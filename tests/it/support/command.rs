//! The real binary's commands, run to their end.

use std::process::Stdio;

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `kaquan` with these words and nothing but this environment.
pub async fn kaquan(words: &[&str], environment: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_kaquan"))
        .args(words)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    /// What it said as JSON, when all went well.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

/// The address of a test's database, as an operator would write it.
pub fn database_url(options: &PgConnectOptions) -> String {
    let (name, user) = (options.get_database().unwrap(), options.get_username());
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    format!("postgres://{user}@localhost/{name}?host={host}&port={}", options.get_port())
}
