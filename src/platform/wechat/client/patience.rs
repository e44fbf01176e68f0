//! A call that meets WeChat busy (`errcode` -1) is made again a moment later, where that does nothing twice.

use std::time::{Duration, Instant};

use crate::{
    outgoing::answer::Heard,
    platform::wechat::{call::Call, errcode, error::CallError, outcome},
};

/// The pauses before the second and the third try, each up to a quarter shorter or longer.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];
/// Who was slow to say so is left to whoever asks: they hold what they do for little longer than one call may take.
const LONGEST: Duration = Duration::from_secs(2);

/// What the last try brought.
pub(super) async fn patiently<T, F>(call: Call, make: impl Fn() -> F) -> Result<Heard<T>, CallError>
where
    F: Future<Output = Result<Heard<T>, CallError>>,
{
    let begun = Instant::now();
    for pause in PAUSES.map(spread) {
        let error = match make().await {
            Ok(heard) => return Ok(heard),
            Err(error) => error,
        };
        // Who names a pause of their own is not asked before it is over.
        let may_pass = error.code() == Some(errcode::BUSY) && error.retry_after.is_none();
        let late = begun.elapsed() + pause > LONGEST;
        if !may_pass || late || outcome::cannot_be_repeated(call) {
            return Err(error);
        }
        wait(pause).await;
    }
    make().await
}

fn spread(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + rand::random::<f64>() / 2.0)
}

#[expect(clippy::disallowed_methods, reason = "WeChat gets a moment")]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}
