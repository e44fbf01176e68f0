//! Starts and stops that go as they should, and refusals that say why.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use kaquan::postgres::error::StartError;
use kaquan::postgres::run_with::run_with;
use kaquan::postgres::settings::{Durability, Settings};
use kaquan::postgres::{Postgres, StartedFrom};
use nix::unistd::Uid;
use sqlx::ConnectOptions;

use crate::owner::Owner;
use crate::scene::{Scene, ask, block_on, children_of, is_alive, owner_of};

#[test]
fn a_cold_start_makes_a_durable_cluster_behind_a_socket() {
    let scene = Scene::new();

    let postgres = scene.start_durable();

    assert_eq!(postgres.started().from, StartedFrom::Cold);
    let show = |query| ask::<String>(&postgres, "postgres", query);
    assert_eq!(show("show fsync"), "on");
    assert_eq!(show("show synchronous_commit"), "on");
    assert_eq!(show("show full_page_writes"), "on");
    assert_eq!(show("show data_checksums"), "on");
    assert_eq!(show("show listen_addresses"), "");
    assert_eq!(show("show timezone"), "UTC");
    assert_eq!(show("select current_user::text"), "kaquan");
    let collation = "select datcollate from pg_database where datname = 'postgres'";
    assert_eq!(show(collation), "C.UTF-8");
    assert!(!has_a_tcp_socket(postgres.postmaster_pid().unwrap()));
}

#[test]
fn a_warm_start_finds_what_was_there() {
    let scene = Scene::new();
    let postgres = scene.start();
    block_on(postgres.ensure_database("kaquan")).unwrap();
    block_on(postgres.ensure_database("kaquan")).unwrap();
    postgres.stop();

    let postgres = scene.start();

    assert_eq!(postgres.started().from, StartedFrom::Warm);
    assert_eq!(ask::<i32>(&postgres, "kaquan", "select 1"), 1);
}

#[test]
fn a_stop_leaves_no_process() {
    let scene = Scene::new();
    let postgres = scene.start();
    let postmaster = postgres.postmaster_pid().unwrap();
    let processes = [children_of(postmaster), vec![postmaster]].concat();
    assert!(processes.len() > 3, "{processes:?}");

    postgres.stop();

    assert!(!processes.into_iter().any(is_alive));
    assert!(!scene.cluster().join("postmaster.pid").exists());
}

#[test]
fn the_url_opens_the_same_door() {
    let scene = Scene::new();
    let postgres = scene.start();

    let url = postgres.url("postgres");

    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    block_on(options.connect()).unwrap();
}

#[test]
fn edits_of_the_cluster_cannot_turn_durability_off() {
    let scene = Scene::with_cluster();
    for name in ["postgresql.conf", "postgresql.auto.conf"] {
        let file = OpenOptions::new().append(true).open(scene.cluster().join(name));
        file.unwrap().write_all(b"fsync = off\nfull_page_writes = off\n").unwrap();
    }

    let postgres = scene.start_durable();

    assert_eq!(ask::<String>(&postgres, "postgres", "show fsync"), "on");
    assert_eq!(ask::<String>(&postgres, "postgres", "show full_page_writes"), "on");
}

#[test]
fn a_failing_statement_leaves_no_code_in_the_log() {
    let scene = Scene::new();
    let postgres = scene.start();
    block_on(async {
        let mut conn = postgres.options("postgres").connect().await.unwrap();
        let table = "create table code (value text constraint once unique)";
        sqlx::query(table).execute(&mut conn).await.unwrap();
        let literal = "insert into code values ('SECRET-1'), ('SECRET-1')";
        sqlx::query(literal).execute(&mut conn).await.unwrap_err();
        let parameter = "insert into code values ($1), ($1)";
        sqlx::query(parameter).bind("SECRET-2").execute(&mut conn).await.unwrap_err();
    });
    postgres.stop();

    let logs = fs::read_dir(scene.data().join("pglog")).unwrap().flatten();
    let log: String = logs.map(|file| fs::read_to_string(file.path()).unwrap()).collect();

    assert!(log.contains("23505"), "{log}");
    assert!(!log.contains("SECRET"), "{log}");
}

#[test]
fn a_second_kaquan_on_the_same_folder_is_refused() {
    let scene = Scene::with_cluster();
    let mut first = Owner::start(&scene.data());
    first.postmaster();

    let refused = Postgres::start(&scene.settings()).unwrap_err();

    let (pid, data) = (first.pid(), scene.data().canonicalize().unwrap());
    let expected = format!(
        "another kaquan (process {pid}) already uses {}: stop it, or choose another data folder",
        data.display()
    );
    assert_eq!(refused.to_string(), expected);
    first.row();
    first.stop();
}

#[test]
fn a_normal_user_and_root_may_take_turns() {
    if !Uid::effective().is_root() {
        return skip("only root can become another user");
    }
    let scene = Scene::with_cluster();
    let user = owner_of(&scene.cluster());
    assert_ne!(user.0, 0);
    // The folder as this user would have made it.
    std::os::unix::fs::chown(scene.data(), Some(user.0), Some(user.1)).unwrap();
    let program = scene.folder.join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();

    let mut normal = Owner::start_as(user, &program, &scene.data());
    let postmaster = normal.postmaster();
    assert_eq!(owner_of(format!("/proc/{postmaster}").as_ref()), user);
    normal.row();
    normal.stop();

    let postgres = scene.start();
    assert!(ask::<i64>(&postgres, "kaquan", "select count(*) from written") > 0);
}

#[test]
fn a_normal_user_makes_its_own_cluster() {
    if !Uid::effective().is_root() {
        return skip("every other test runs as a normal user already");
    }
    let scene = Scene::new();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let user = (nobody.uid.as_raw(), nobody.gid.as_raw());
    std::os::unix::fs::chown(&scene.folder, Some(user.0), Some(user.1)).unwrap();
    let program = scene.folder.join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();

    let mut owner = Owner::start_as(user, &program, &scene.data());

    owner.postmaster();
    assert_eq!(owner_of(&scene.cluster()), user);
    owner.row();
    owner.stop();
}

#[test]
fn a_folder_closed_to_the_server_is_named() {
    if !Uid::effective().is_root() {
        return skip("the server runs as ourselves, who can enter");
    }
    let scene = Scene::new();
    let closed = scene.folder.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();

    let refused = Postgres::start(&Settings::at(closed.join("data"))).unwrap_err();

    let StartError::CannotEnter { folder, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*folder, closed.canonicalize().unwrap());
}

#[test]
fn a_path_too_long_for_a_socket_is_refused_at_once() {
    let scene = Scene::new();

    let refused = Postgres::start(&Settings::at(scene.folder.join("x".repeat(100)))).unwrap_err();

    assert!(matches!(refused, StartError::SocketPathTooLong { limit: 107, .. }), "{refused}");
}

#[test]
fn missing_binaries_and_a_missing_major_are_told_apart() {
    let scene = Scene::with_cluster();
    let elsewhere = Settings { bin_dir: Some(scene.folder.clone()), ..scene.settings() };
    let refused = Postgres::start(&elsewhere).unwrap_err();
    assert!(matches!(refused, StartError::NotABinDir(_)), "{refused}");

    fs::write(scene.cluster().join("PG_VERSION"), "9\n").unwrap();
    let refused = Postgres::start(&scene.settings()).unwrap_err();
    assert!(refused.to_string().ends_with("apt-get install postgresql-9"), "{refused}");
}

#[test]
fn a_command_runs_with_a_database_and_its_status_comes_back() {
    let scene = Scene::new();
    let settings = Settings { durability: Durability::OffForTests, ..scene.settings() };
    let script =
        r#"case "$DATABASE_URL" in postgres://kaquan@localhost/kaquan?host=*) exit 7; esac"#;
    let command = ["/bin/sh", "-c", script].map(OsString::from).to_vec();

    let status = block_on(run_with(settings, command)).unwrap();

    assert_eq!(status.code(), Some(7));
    assert!(!scene.cluster().join("postmaster.pid").exists());
}

/// Whether one of the process' open files is a TCP socket.
fn has_a_tcp_socket(pid: u32) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap());
    let inodes: Vec<&str> = tables
        .iter()
        .flat_map(|table| table.lines().filter_map(|row| row.split_whitespace().nth(9)))
        .collect();
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        skip("a container without CAP_SYS_PTRACE does not show the server's sockets");
        return false;
    };
    let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    targets.into_iter().any(|target| {
        let target = target.to_string_lossy().into_owned();
        let socket = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        socket.is_some_and(|inode| inodes.contains(&inode))
    })
}

#[expect(clippy::print_stderr, reason = "a test that did not run must be seen")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}
