//! What an earlier life may have left in the data folder, and who else may be about.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use kaquan::postgres::StartedFrom;

use crate::scene::{Scene, ask, eventually, owner_of};

#[test]
fn a_pid_file_that_names_a_stranger_is_no_obstacle() {
    let scene = Scene::with_cluster();
    // The stranger is this test: were it asked to end, we would notice.
    let stale = format!("{}\n{}\n", std::process::id(), scene.cluster().display());
    fs::write(scene.cluster().join("postmaster.pid"), &stale).unwrap();
    fs::write(scene.data().join("run/.s.PGSQL.5432.lock"), &stale).unwrap();
    fs::write(scene.data().join("run/.s.PGSQL.5432"), "").unwrap();

    let postgres = scene.start();

    assert_eq!(postgres.started().from, StartedFrom::Crash);
    assert_eq!(ask::<i32>(&postgres, "postgres", "select 1"), 1);
}

#[test]
fn an_empty_pid_file_is_no_obstacle() {
    let scene = Scene::with_cluster();
    fs::write(scene.cluster().join("postmaster.pid"), "").unwrap();

    let postgres = scene.start();

    assert_eq!(ask::<i32>(&postgres, "postgres", "select 1"), 1);
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let scene = Scene::new();
    let unfinished = scene.data().join("pg.new");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();

    let postgres = scene.start();

    assert_eq!(postgres.started().from, StartedFrom::Cold);
    assert!(!unfinished.exists());
}

#[test]
fn an_orphaned_server_is_ended_and_replaced() {
    let scene = Scene::new();
    let postgres = scene.start();
    let title = fs::read(format!("/proc/{}/cmdline", postgres.postmaster_pid().unwrap())).unwrap();
    let program = String::from_utf8(title).unwrap().split('\0').next().unwrap().to_owned();
    postgres.stop();
    let mut orphan = start_orphan(&scene, &program);

    let postgres = scene.start();

    assert!(orphan.wait().unwrap().success(), "it was asked, not killed");
    assert_eq!(ask::<i32>(&postgres, "postgres", "select 1"), 1);
}

#[test]
fn a_shell_in_the_folder_of_the_cluster_is_left_alone() {
    let scene = Scene::with_cluster();
    let mut shell = Command::new("/bin/sh");
    let mut shell = shell.current_dir(scene.cluster()).stdin(Stdio::piped()).spawn().unwrap();

    let postgres = scene.start();

    assert_eq!(ask::<i32>(&postgres, "postgres", "select 1"), 1);
    drop(shell.stdin.take());
    assert!(shell.wait().unwrap().success());
}

/// A server on the cluster that nobody owns: no keeper, no lock, no parent-death signal.
fn start_orphan(scene: &Scene, program: &str) -> Child {
    let mut command = Command::new(program);
    command.arg("-D").arg(scene.cluster()).args(["-c", "listen_addresses="]);
    command.arg("-k").arg(scene.data().join("run")).current_dir("/").stderr(Stdio::null());
    let (uid, gid) = owner_of(&scene.cluster());
    if uid != nix::unistd::Uid::effective().as_raw() {
        command.uid(uid).gid(gid);
    }
    let orphan = command.spawn().unwrap();
    eventually("an orphan that is ready", || {
        let said = fs::read_to_string(scene.cluster().join("postmaster.pid")).ok()?;
        said.contains("ready").then_some(())
    });
    orphan
}
