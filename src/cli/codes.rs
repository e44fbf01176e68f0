//! `kaquan codes`: uploaded codes.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{output, session::Session};
use crate::{
    clock::SystemClock,
    config::Config,
    domain::id::TemplateId,
    service::import_codes::{LineReport, Verdict, import_codes},
    store::{self, code_import::CodeImport},
};

#[derive(Debug, Args)]
pub(super) struct Codes {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adds the codes of a file, one on a line; repeating it is harmless and finishes what was cut off.
    Import(Import),
    /// Counts the codes of a template.
    Count {
        /// Whose codes.
        #[arg(long)]
        template: TemplateId,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// Whose codes.
    #[arg(long)]
    template: TemplateId,
    /// A CSV file with one column.
    file: PathBuf,
    /// Writes a verdict for every line to this file: `new`, `duplicate_in_file`, `already_there`, `malformed`.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Codes {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = match self.what {
            What::Import(import) => import.run(&session).await,
            What::Count { template, json } => count(&session, template, json).await,
        };
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl Import {
    async fn run(self, session: &Session) -> anyhow::Result<()> {
        let path = self.file.display().to_string();
        let file = tokio::fs::File::open(&self.file).await.with_context(|| path.clone())?;
        let progress = ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template("{spinner} {pos} lines, {msg} ({per_sec})")?);
        let mut report = self.report.as_deref().map(Report::create).transpose()?;
        let mut broken = None;
        let source = tokio::io::BufReader::new(file);
        let import =
            import_codes(&session.db, &SystemClock, self.template, source, |lines, counts| {
                progress.set_position(counts.lines.unsigned_abs());
                progress.set_message(format!("{} new", counts.new));
                if let Some(Err(error)) = report.as_mut().map(|report| report.write(lines)) {
                    broken = Some(error);
                }
            })
            .await?;
        progress.finish_and_clear();
        if let Some(error) = broken {
            return Err(error).context("the codes are in, but the report could not be written");
        }
        if let Some(report) = report {
            report.finish()?;
        }
        self.tell(&import)
    }

    fn tell(&self, import: &CodeImport) -> anyhow::Result<()> {
        let counts = import.counts;
        if self.json {
            return output::say_json(&json!({
                "import_id": import.id,
                "lines": counts.lines,
                "new": counts.new,
                "duplicate_in_file": counts.duplicate_in_file,
                "already_there": counts.already_there,
                "malformed": counts.malformed,
            }));
        }
        output::say(format_args!(
            "{} lines: {} new, {} twice in the file, {} there before, {} malformed",
            counts.lines,
            counts.new,
            counts.duplicate_in_file,
            counts.already_there,
            counts.malformed
        ));
        Ok(())
    }
}

/// The verdicts, as a CSV file. The codes stay out of it: they are in the uploaded file, by their line.
struct Report(BufWriter<File>);

impl Report {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut report = BufWriter::new(file);
        writeln!(report, "line,verdict")?;
        Ok(Self(report))
    }

    fn write(&mut self, lines: &[LineReport]) -> std::io::Result<()> {
        lines.iter().try_for_each(|line| writeln!(self.0, "{},{}", line.number, name(line.verdict)))
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::New => "new",
        Verdict::DuplicateInFile => "duplicate_in_file",
        Verdict::AlreadyThere => "already_there",
        Verdict::Malformed(_) => "malformed",
    }
}

async fn count(session: &Session, template: TemplateId, json: bool) -> anyhow::Result<()> {
    let counts = store::code::count(&mut *session.db.acquire().await?, template).await?;
    if json {
        return output::say_json(&json!({ "free": counts.free, "taken": counts.taken }));
    }
    output::say(format_args!("{} free, {} taken", counts.free, counts.taken));
    Ok(())
}
