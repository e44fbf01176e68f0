//! The command line: what can be asked, and how each command ends.

mod app;
mod app_name;
mod audit;
mod bench;
mod check_config;
mod codes;
mod columns;
mod conform;
mod deliveries;
mod demo;
mod doctor;
mod export;
mod gateway;
mod health;
mod key;
mod migrate;
mod output;
mod placement;
mod read_secret;
mod reconcile;
mod role;
mod secrets;
mod serve;
mod session;
mod sessions;
mod simulate;
mod stats;
mod user;
mod webhooks;
mod with_postgres;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    config::{Config, log::Log},
    telemetry,
};

/// kaquan (卡券): the coupon backend that a merchant runs on its own server.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    /// A TOML file with settings; see config.example.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows it all at work: a fresh database, simulated platforms, a crowd and a bad network.
    Demo(demo::RunDemo),
    /// Runs the server.
    Serve,
    /// Runs a platform's side alone, Baidu's or WeChat's, to develop against.
    Simulate(simulate::Simulate),
    /// Makes, rotates, lists and revokes API keys.
    Key(key::Key),
    /// Adds, lists and changes people who work for the merchant.
    User(user::User),
    /// Ends sessions of people with coupons.
    Sessions(sessions::Sessions),
    /// Makes the address to which WeChat pushes what happens to cards.
    App(app::App),
    /// Uploads and counts codes.
    Codes(codes::Codes),
    /// Publishes, updates and withdraws placements, and changes their callback addresses.
    Placement(placement::Placement),
    /// Shows the master keys in use, and exchanges them while servers run.
    Secrets(secrets::Secrets),
    /// Shows what is owed to the platforms, tries it anew, gives it up, stops and resumes calls.
    Deliveries(deliveries::Deliveries),
    /// Adds, lists, removes and tests the systems of yours that are told of what happens.
    Webhooks(webhooks::Webhooks),
    /// Lets in front ends of yours that speak zvcms or Yoho, and says what they may see.
    Gateway(gateway::Gateway),
    /// Proves from the rows that every promise holds: 0 all hold, 2 one is broken, 3 could not check.
    Audit(audit::Audit),
    /// Holds our figures against the platforms': 0 nothing differs, 2 something does, 3 could not ask.
    Reconcile(reconcile::Reconcile),
    /// Shows what was offered, claimed, used and turned down, by day, template or app.
    Stats(stats::Stats),
    /// Writes coupons or figures to the standard output, as CSV or as JSON lines.
    Export(export::Export),
    /// Checks the set-up and says how to mend it.
    Doctor(doctor::Doctor),
    /// Asks the server that runs on this machine whether it is ready; for containers.
    Health,
    /// Brings the schema of the database up to date.
    Migrate(migrate::Migrate),
    /// Holds a live server against the rules of a merchant protocol: 0 it keeps them, 1 it does not, 2 no answer.
    Conform(Box<conform::Conform>),
    /// Measures how fast this machine issues and delivers, on a scratch database.
    Bench(bench::Bench),
    /// Reads the settings and says what is wrong with them.
    CheckConfig,
    /// Runs a command with `DATABASE_URL` pointing to an embedded Postgres, and stops it afterwards.
    WithPostgres(with_postgres::WithPostgres),
}

impl Command {
    /// Servers tell what happens; commands that print a result say only what goes wrong, unless asked to say more.
    fn log_settings(&self, config: &Config) -> Log {
        let mut log = config.log.clone();
        if !matches!(self, Self::Serve | Self::Simulate(_)) && log.filter == Log::default().filter {
            "error".clone_into(&mut log.filter);
        }
        log
    }
}

/// Runs the command that `arguments` ask for.
pub fn run(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Also the way in which --help and --version arrive.
        Err(error) => error.exit(),
    };
    let config = match Config::load(cli.config.as_deref(), environment) {
        Ok(config) => config,
        Err(problems) => {
            output::complain(&problems);
            return ExitCode::from(1);
        }
    };
    telemetry::init_logs(&cli.command.log_settings(&config));
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    match dispatch(cli.command, &config) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command, config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        match command {
            Command::Demo(command) => command.run(config).await,
            Command::Serve => serve::run(config).await,
            Command::Simulate(command) => command.run().await,
            Command::Key(command) => command.run(config).await,
            Command::User(command) => command.run(config).await,
            Command::Sessions(command) => command.run(config).await,
            Command::App(command) => command.run(config).await,
            Command::Codes(command) => command.run(config).await,
            Command::Placement(command) => command.run(config).await,
            Command::Secrets(command) => command.run(config).await,
            Command::Deliveries(command) => command.run(config).await,
            Command::Webhooks(command) => command.run(config).await,
            Command::Gateway(command) => command.run(config).await,
            Command::Audit(command) => command.run(config).await,
            Command::Reconcile(command) => command.run(config).await,
            Command::Stats(command) => command.run(config).await,
            Command::Export(command) => command.run(config).await,
            Command::Doctor(command) => command.run(config).await,
            Command::Health => health::run(config).await,
            Command::Migrate(command) => command.run(config).await,
            Command::Conform(command) => command.run().await,
            Command::Bench(command) => command.run(config).await,
            Command::CheckConfig => Ok(check_config::run(config)),
            Command::WithPostgres(command) => command.run(config).await,
        }
    });
    // A command that was told to stop in the middle of its start does not wait for what it had begun.
    runtime.shutdown_background();
    result
}
