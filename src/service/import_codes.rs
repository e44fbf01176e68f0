//! Reads uploaded codes, one a line, and says of each line what became of it.
//!
//! Lines are settled a chunk at a time, each in its own transaction, so that memory stays flat, progress can be
//! watched, and an upload that was cut off is finished by sending the same file again. No connection is held while the
//! next lines are awaited.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use tokio::io::AsyncBufRead;

use self::line::{Line, Lines, Malformed};
use crate::{
    clock::Clock,
    domain::{
        code::CouponCode,
        id::{CodeId, ImportId, TemplateId},
        terms::CodeSource,
    },
    store::{
        self,
        code_import::{CodeImport, ImportCounts},
    },
};

pub mod line;

/// What became of a line with something on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Added.
    New,
    /// Stands earlier in the same file.
    DuplicateInFile,
    /// Was uploaded or issued before.
    AlreadyThere,
    /// No code.
    Malformed(Malformed),
}

/// A line and its verdict. The code itself is not repeated: it is worth money to whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineReport {
    /// From one; blank lines and the header count.
    pub number: i64,
    /// What became of it.
    pub verdict: Verdict,
}

/// Why an upload ended early. What was settled before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportCodesError {
    /// There is none of this id.
    #[error("no such template")]
    NoSuchTemplate,
    /// The template makes its own codes.
    #[error("the codes of this template are generated; its terms must say `uploaded`")]
    CodesAreGenerated,
    /// UTF-16 has a NUL in every letter; no line of it could be right.
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    /// The file broke off.
    #[error("the upload broke off")]
    Read(#[source] io::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// So many lines are settled together: enough that commits do not count, few enough that locks are held shortly.
const CHUNK: usize = 2_000;

/// Adds the codes of a file to a template. `on_chunk` hears of every line that has something on it, in order, and of the
/// counts so far. Takes the clock instead of a moment, because a long file takes many.
pub async fn import_codes(
    db: &PgPool,
    clock: &dyn Clock,
    template: TemplateId,
    source: impl AsyncBufRead + Unpin,
    mut on_chunk: impl FnMut(&[LineReport], ImportCounts),
) -> Result<CodeImport, ImportCodesError> {
    let mut import = begin(db, clock.now(), template).await?;
    let mut lines = Lines::new(source);
    loop {
        let mut chunk = Vec::new();
        for _ in 0..CHUNK {
            match lines.next().await.map_err(ImportCodesError::Read)? {
                Some(Line::Utf16) => return Err(ImportCodesError::Utf16),
                Some(Line::Nothing) => {}
                Some(Line::Code(code)) => chunk.push((lines.number(), Ok(code))),
                Some(Line::Malformed(why)) => chunk.push((lines.number(), Err(why))),
                None => break,
            }
        }
        let over = import.counts.lines == lines.number();
        if over {
            break;
        }
        import.counts.lines = lines.number();
        let reports = settle(db, clock.now(), &mut import, &chunk).await?;
        on_chunk(&reports, import.counts);
    }
    let now = clock.now();
    store::code_import::mark_finished(&mut *db.acquire().await?, import.id, now).await?;
    import.finished_at = Some(now);
    tracing::info!(template.id = %template, import.id = %import.id, new = import.counts.new, "codes uploaded");
    Ok(import)
}

/// The row of an import settles, under the template's lock, that the template takes uploads from here on.
async fn begin(
    db: &PgPool,
    now: DateTime<Utc>,
    id: TemplateId,
) -> Result<CodeImport, ImportCodesError> {
    let mut tx = store::begin(db).await?;
    let lock = store::template::lock(&mut tx, id).await?;
    let template = lock.ok_or(ImportCodesError::NoSuchTemplate)?;
    if template.terms.codes != CodeSource::Uploaded {
        return Err(ImportCodesError::CodesAreGenerated);
    }
    let import = CodeImport {
        id: ImportId::new(now),
        template: id,
        started_at: now,
        finished_at: None,
        counts: ImportCounts::default(),
    };
    store::code_import::insert(&mut tx, import.id, id, now).await?;
    tx.commit().await?;
    Ok(import)
}

async fn settle(
    db: &PgPool,
    now: DateTime<Utc>,
    import: &mut CodeImport,
    chunk: &[(i64, Result<CouponCode, Malformed>)],
) -> sqlx::Result<Vec<LineReport>> {
    let mut tx = store::begin(db).await?;
    let codes = chunk.iter().filter_map(|(_, line)| line.as_ref().ok());
    let mut judge = Judge::ask(&mut tx, now, import, codes).await?;
    let mut reports = Vec::with_capacity(chunk.len());
    for (number, line) in chunk {
        let verdict = match line {
            Ok(code) => judge.verdict(code),
            Err(why) => Verdict::Malformed(*why),
        };
        let count = match verdict {
            Verdict::New => &mut import.counts.new,
            Verdict::DuplicateInFile => &mut import.counts.duplicate_in_file,
            Verdict::AlreadyThere => &mut import.counts.already_there,
            Verdict::Malformed(_) => &mut import.counts.malformed,
        };
        *count += 1;
        reports.push(LineReport { number: *number, verdict });
    }
    store::code_import::update(&mut tx, import.id, import.counts).await?;
    tx.commit().await?;
    Ok(reports)
}

/// Knows of every code of a chunk whether it was added just now, and if not, which upload had it.
struct Judge {
    import: ImportId,
    fresh: HashSet<CouponCode>,
    known: HashMap<CouponCode, ImportId>,
    seen: HashSet<CouponCode>,
}

impl Judge {
    async fn ask(
        conn: &mut PgConnection,
        now: DateTime<Utc>,
        import: &CodeImport,
        codes: impl Iterator<Item = &CouponCode>,
    ) -> sqlx::Result<Self> {
        // Sorted and each once.
        let codes: BTreeMap<&str, &CouponCode> = codes.map(|code| (code.as_str(), code)).collect();
        let new: Vec<_> = codes.values().map(|code| (CodeId::new(now), (*code).clone())).collect();
        let fresh = store::code::insert_new(conn, import.template, import.id, &new).await?;
        let fresh: HashSet<_> = fresh.into_iter().collect();
        let others: Vec<_> = codes.into_values().filter(|code| !fresh.contains(code)).collect();
        let known = store::code::list_known(conn, &others).await?;
        let known = known.into_iter().map(|code| (code.value, code.import)).collect();
        Ok(Self { import: import.id, fresh, known, seen: HashSet::new() })
    }

    fn verdict(&mut self, code: &CouponCode) -> Verdict {
        let first = self.seen.insert(code.clone());
        match (self.fresh.contains(code), first) {
            (true, true) => Verdict::New,
            (true, false) => Verdict::DuplicateInFile,
            (false, _) if self.known.get(code) == Some(&self.import) => Verdict::DuplicateInFile,
            (false, _) => Verdict::AlreadyThere,
        }
    }
}
