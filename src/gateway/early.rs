//! Answers that are whole before their requests are (RFC 9113 §8.1).
//!
//! Pingora goes on reading a request whose upstream has answered, over HTTP/2 without any timeout:
//! a body that never ends would keep its stream, its place and a drain for ever. So an exchange
//! over HTTP/2 is given up some time after its answer. Dropping it resets the stream with
//! `NO_ERROR`, which says that the answer is whole and the rest is not wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

tokio::task_local! {
    static ANSWERED: Arc<Notify>;
}

/// What comes of `exchange`; `None` if it is not over `patience` after the end of its answer.
pub(super) async fn give_up_after_answer<T>(
    patience: Duration,
    exchange: impl Future<Output = Option<T>>,
) -> Option<T> {
    let answered = Arc::new(Notify::new());
    let exchange = ANSWERED.scope(Arc::clone(&answered), exchange);
    let too_late = async {
        answered.notified().await;
        let _elapsed = tokio::time::timeout(patience, std::future::pending::<()>()).await;
    };
    tokio::select! {
        biased;
        outcome = exchange => outcome,
        () = too_late => None,
    }
}

/// Notes that the last of the answer is being written. Does nothing over HTTP/1, where Pingora
/// has a timeout for each read.
pub(super) fn answer_ends() {
    // Outside of the scope there is nobody to be told.
    let _told = ANSWERED.try_with(|answered| answered.notify_one());
}
