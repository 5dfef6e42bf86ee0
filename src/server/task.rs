//! A background task with an owner.

use tokio::task::JoinHandle;

/// A task that ends when its owner lets go of it.
#[derive(Debug)]
pub(super) struct Task(JoinHandle<()>);

impl Task {
    /// Begins `work`.
    pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
