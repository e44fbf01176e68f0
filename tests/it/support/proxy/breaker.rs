//! Carries the bytes of one connection, and breaks what is planned.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
};

use super::{Direction, Fault};

/// What is sent at once is read at once, so that it is delayed once.
const BURST: usize = 1 << 20;

#[derive(Debug, Clone, Copy)]
struct Planned {
    fault: Fault,
    once: bool,
}

/// What was decided about the replies of one connection.
#[derive(Default)]
pub(super) struct Fate {
    cut_at_reply: AtomicBool,
    vanished: AtomicBool,
}

/// What is planned for all connections of a proxy.
#[derive(Default)]
pub(super) struct Breaker {
    planned: watch::Sender<Option<Planned>>,
    struck: AtomicUsize,
}

impl Breaker {
    pub fn plan(&self, fault: Fault, once: bool) {
        self.planned.send_replace(Some(Planned { fault, once }));
    }

    pub fn heal(&self) {
        self.planned.send_replace(None);
    }

    pub fn struck(&self) -> usize {
        self.struck.load(Ordering::SeqCst)
    }

    pub async fn carry_requests(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        fate: &Fate,
    ) -> io::Result<()> {
        let mut waiting = BytesMut::with_capacity(BURST);
        let mut greeted = false;
        while from.read_buf(&mut waiting).await? > 0 {
            self.delay().await;
            while let Some(message) = next_message(&mut waiting, &mut greeted) {
                if is_commit(&message) {
                    match self.strike_at_commit() {
                        Some(Fault::CommitLost) => return Ok(()),
                        Some(Fault::CommitRaced) => return to.write_all(&message).await,
                        Some(Fault::ReplyLost) => fate.cut_at_reply.store(true, Ordering::SeqCst),
                        Some(_) => {
                            fate.vanished.store(true, Ordering::SeqCst);
                            std::future::pending::<()>().await;
                        }
                        None => {}
                    }
                }
                let whole = self.allowed(Direction::Requests, message.len());
                to.write_all(&message[..whole]).await?;
                if whole < message.len() {
                    return Ok(());
                }
            }
            waiting.reserve(BURST);
        }
        Ok(())
    }

    pub async fn carry_replies(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        fate: &Fate,
    ) -> io::Result<()> {
        let mut waiting = BytesMut::new();
        while from.read_buf(&mut waiting).await? > 0 {
            if fate.vanished.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if fate.cut_at_reply.load(Ordering::SeqCst) {
                return Ok(());
            }
            self.until_not_silent().await;
            let bytes = waiting.split();
            let whole = self.allowed(Direction::Replies, bytes.len());
            to.write_all(&bytes[..whole]).await?;
            if whole < bytes.len() {
                return Ok(());
            }
        }
        // A server that hangs up on a vanished connection is not heard either.
        if fate.vanished.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    pub fn is(&self, fault: Fault) -> bool {
        self.planned.borrow().is_some_and(|planned| planned.fault == fault)
    }

    pub async fn until_down(&self) {
        let mut planned = self.planned.subscribe();
        let down = |planned: &Option<Planned>| planned.is_some_and(|one| one.fault == Fault::Down);
        let _planned = planned.wait_for(down).await;
        self.struck.fetch_add(1, Ordering::SeqCst);
    }

    async fn until_not_silent(&self) {
        let mut planned = self.planned.subscribe();
        let _planned =
            planned.wait_for(|planned| planned.is_none_or(|one| one.fault != Fault::Silence)).await;
    }

    #[expect(clippy::disallowed_methods, reason = "slowness is what it is for")]
    async fn delay(&self) {
        self.until_not_silent().await;
        let planned = *self.planned.borrow();
        if let Some(Planned { fault: Fault::Slow(by), .. }) = planned {
            tokio::time::sleep(by).await;
        }
    }

    fn strike_at_commit(&self) -> Option<Fault> {
        let mut struck = None;
        self.planned.send_if_modified(|planned| {
            let Some(Planned { fault, once }) = *planned else {
                return false;
            };
            if matches!(
                fault,
                Fault::CommitLost | Fault::CommitRaced | Fault::ReplyLost | Fault::Vanishes
            ) {
                struck = Some(fault);
                self.struck.fetch_add(1, Ordering::SeqCst);
                planned.take_if(|_| once);
            }
            struck.is_some()
        });
        struck
    }

    /// How many of `count` bytes may pass; fewer than all of them means the end of the connection.
    fn allowed(&self, direction: Direction, count: usize) -> usize {
        let mut allowed = count;
        self.planned.send_if_modified(|planned| {
            let Some(Planned { fault: Fault::CutAfter(counted, left), .. }) = planned else {
                return false;
            };
            if *counted != direction {
                return false;
            }
            if count < *left {
                *left -= count;
            } else {
                allowed = (*left).min(count.saturating_sub(1));
                self.struck.fetch_add(1, Ordering::SeqCst);
                *planned = None;
            }
            true
        });
        allowed
    }
}

/// The next whole message of the client; only the very first one has no letter before its length.
fn next_message(waiting: &mut BytesMut, greeted: &mut bool) -> Option<BytesMut> {
    let letter = usize::from(*greeted);
    let length = waiting.get(letter..letter + 4)?;
    let length = letter + u32::from_be_bytes(length.try_into().unwrap()) as usize;
    if waiting.len() < length {
        return None;
    }
    *greeted = true;
    Some(waiting.split_to(length))
}

fn is_commit(message: &[u8]) -> bool {
    message.starts_with(b"Q") && message[5..].starts_with(b"COMMIT")
}
