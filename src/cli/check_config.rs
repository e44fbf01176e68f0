//! `kaquan check-config`: the settings, as they were understood.

use std::process::ExitCode;

use super::output;
use crate::config::Config;

pub(super) fn run(config: &Config) -> ExitCode {
    // Mistakes were reported while the settings were read; secrets do not print.
    output::say(format_args!("{config:#?}"));
    ExitCode::SUCCESS
}
