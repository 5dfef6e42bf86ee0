//! Answers that are whole before their requests are (RFC 9113 §8.1).
//!
//! Pingora goes on reading a request whose upstream has answered, over HTTP/2 without any timeout:
//! a body that stops coming would keep its stream, its place and a drain for ever. So an exchange
//! over HTTP/2 is given up when nothing of the request came for some time after its answer.
//! Dropping it resets the stream with `NO_ERROR`, which says that the answer is whole and the rest
//! is not wanted. A request that goes on goes on: there are upstreams that answer while they read.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

tokio::task_local! {
    static EXCHANGE: Arc<Exchange>;
}

/// What an exchange tells whoever waits for its end.
#[derive(Debug, Default)]
struct Exchange {
    answered: Notify,
    request_went_on: Notify,
}

/// What comes of `exchange`; `None` if nothing of the request came for `patience` after the end of
/// the answer.
pub(super) async fn give_up_after_answer<T>(
    patience: Duration,
    exchange: impl Future<Output = Option<T>>,
) -> Option<T> {
    let told = Arc::new(Exchange::default());
    let exchange = EXCHANGE.scope(Arc::clone(&told), exchange);
    let too_late = async {
        told.answered.notified().await;
        while timeout(patience, told.request_went_on.notified())
            .await
            .is_ok()
        {}
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
    let _told = EXCHANGE.try_with(|exchange| exchange.answered.notify_one());
}

/// Notes that some of the request's body came.
pub(super) fn request_goes_on() {
    let _told = EXCHANGE.try_with(|exchange| exchange.request_went_on.notify_one());
}
