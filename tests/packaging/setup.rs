//! The set-up script, run in a made-up machine: a folder that is its whole `PATH`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::{at, read};

/// Fills the folder `$1`: a ready machine without a package manager.
///
/// A shell writes the programs, because a file that this process had open for writing could still
/// be open in the child of another test, and could then not be run.
const READY_MACHINE: &str = r#"
set -eu
rm -rf "$1" && mkdir -p "$1/pg" && cd "$1"
program() { { echo '#!/bin/sh'; cat; } >"$1"; chmod +x "$1"; }
ln -s "$(command -v bash)" bash
ln -s "$(command -v env)" env
echo 'while read -r _; do :; done' | program cc
echo 'exit 0' | program make
echo 'exit 0' | program cargo
echo 'echo "rustc 1.95.0 (made up)"' | program rustc
echo 'shift; exec "$@"' | program sudo
echo 'echo "postgres (PostgreSQL) 15.18 (made up)"' | program pg/postgres
echo 'exit 0' | program pg/initdb
"#;

/// Adds a package manager that notes what it is asked, and brings the compiler.
const WITH_APT: &str = r#"
cd "$1"
cat >apt-get <<'END'
#!/bin/sh
here=${0%/*}
echo "$*" >>"$here/asked"
if [ "$1" = install ]; then
    { echo '#!/bin/sh'; echo 'while read -r _; do :; done'; } >"$here/cc"
    /bin/chmod +x "$here/cc"
fi
END
chmod +x apt-get
"#;

struct Machine(PathBuf);

impl Machine {
    /// A ready machine of its own for the test `name`.
    fn ready(name: &str) -> Self {
        let machine = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        machine.change(READY_MACHINE);
        machine
    }

    fn change(&self, script: &str) {
        let status = Command::new("sh").args(["-c", script, "sh"]).arg(&self.0).status().unwrap();
        assert!(status.success());
    }

    fn set_up(&self) -> Output {
        Command::new(self.0.join("bash"))
            .arg(at("scripts/setup"))
            .env("PATH", &self.0)
            .env("KAQUAN_PG_BIN", self.0.join("pg"))
            .output()
            .unwrap()
    }

    /// What the package manager was asked, one request a line.
    fn asked(&self) -> String {
        fs::read_to_string(self.0.join("asked")).unwrap_or_default()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn assert_ready(output: &Output) {
    let said = text(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.starts_with("setup: ready (Rust 1."), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_ready_machine_gets_one_line_and_no_change() {
    let machine = Machine::ready("setup-ready");
    assert_ready(&machine.set_up());

    machine.change(WITH_APT);
    assert_ready(&machine.set_up());
    assert_ready(&machine.set_up());

    assert_eq!(machine.asked(), "");
}

#[test]
fn this_machine_is_set_up_and_stays_as_it_is() {
    let machine = Machine::ready("setup-here");
    machine.change("cd \"$1\" && find . -mindepth 1 -delete");
    machine.change(WITH_APT);
    let here = r#"PATH="$1:$PATH" exec bash "$2""#;
    let set_up = || {
        let mut command = Command::new("bash");
        command.args(["-c", here, "bash"]).arg(&machine.0).arg(at("scripts/setup"));
        command.output().unwrap()
    };

    assert_ready(&set_up());
    assert_ready(&set_up());

    assert_eq!(machine.asked(), "");
}

#[test]
fn what_is_missing_is_installed_once() {
    let machine = Machine::ready("setup-install");
    machine.change(WITH_APT);
    fs::remove_file(machine.0.join("cc")).unwrap();

    let first = machine.set_up();

    assert!(first.status.success(), "{first:?}");
    let install = "install -q -y --no-install-recommends gcc libc6-dev";
    assert_eq!(machine.asked(), format!("update -q\n{install}\n"));
    assert_ready(&machine.set_up());
    assert_eq!(machine.asked().lines().count(), 2);
}

#[test]
fn without_apt_it_says_what_to_install() {
    let machine = Machine::ready("setup-advice");
    fs::remove_file(machine.0.join("cc")).unwrap();

    let output = machine.set_up();

    let said = text(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("missing: a C compiler with headers."), "{said}");
    for manager in ["apt-get install", "dnf install", "apk add", "pacman -S", "brew install"] {
        assert!(said.contains(manager), "{manager}: {said}");
    }
}

#[test]
fn a_missing_or_old_rust_is_explained() {
    let machine = Machine::ready("setup-rust");
    machine.change("cd \"$1\" && printf '#!/bin/sh\necho rustc 1.80.1\n' >rustc");
    let old = machine.set_up();
    fs::remove_file(machine.0.join("rustc")).unwrap();
    let missing = machine.set_up();

    assert!(!old.status.success() && text(&old.stderr).contains("rustup update stable"));
    assert!(!missing.status.success() && text(&missing.stderr).contains("https://rustup.rs"));
}

#[test]
fn the_oldest_rust_is_the_one_in_the_manifest() {
    let manifest = read("Cargo.toml");
    let oldest = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();

    let setup = read("scripts/setup");
    assert!(setup.contains(&format!("readonly OLDEST_RUST={}\n", oldest.trim_matches('"'))));
}

#[test]
fn a_folder_without_a_server_is_named() {
    let machine = Machine::ready("setup-folder");
    fs::remove_file(machine.0.join("pg/initdb")).unwrap();

    let output = machine.set_up();

    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("KAQUAN_PG_BIN"), "{output:?}");
}

#[test]
fn every_script_can_be_run_and_read() {
    for name in ["scripts/setup", "scripts/sqlx", ".ci/run"] {
        let mode = fs::metadata(at(name)).unwrap().permissions().mode();
        let parsed = Command::new("bash").arg("-n").arg(at(name)).status().unwrap();

        assert_eq!(mode & 0o111, 0o111, "{name} is not executable");
        assert!(parsed.success(), "{name}");
        assert!(read(name).contains("\nset -euo pipefail\n"), "{name} is not strict");
    }
}
