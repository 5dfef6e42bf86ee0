//! The lines between those who log and the thread that writes them.
//!
//! Whoever logs appends to a buffer in memory and goes on; one thread hands the buffer to the
//! system. So a terminal that was stopped, a pipe that nobody reads or a full disk holds up that
//! thread and no request. One queue for all lines keeps their order, which two writers would not.
//!
//! Memory is bounded, so one day the queue is full, and then it matters what a line is
//! ([`Importance`]). Lines that only count requests are dropped first, and counted. Lines that
//! somebody may have to answer by (audit, warnings, errors) have many times that room, and when even
//! that is used up, whoever logs one waits: what cannot be recorded does not happen. The
//! alternative, to drop them aloud, would let an attacker who can stop the reader of the log work
//! unseen. What waits in memory when the process is killed (`kill -9`) is lost; without pressure
//! that is less than a millisecond's lines.

use std::io::Write;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What becomes of a line when nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Importance {
    /// Dropped and counted, sooner than anything waits for it.
    Expendable,
    /// Waited for.
    Kept,
}

/// Room for lines that wait to be written, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// From here on expendable lines are dropped.
    pub(super) expendable: usize,
    /// From here on whoever logs waits. A batch that is being written comes on top of it.
    pub(super) kept: usize,
}

/// Lines that wait to be written.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// There is room again, or nothing left to write.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// In `bytes`.
    n_lines: u64,
    /// A batch has been taken out and is not written yet.
    is_writing: bool,
    totals: Lost,
    /// Dropped and not told in the log yet.
    n_untold: u64,
}

/// Lines that never reached standard output, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Access lines, and others that only tell of a request, for which there was no room.
    pub dropped: u64,
    /// Lines that the system refused to take, as when the reader of a pipe has gone.
    pub refused: u64,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        }
    }

    /// Appends a whole line.
    pub(super) fn push(&self, line: &[u8], importance: Importance) {
        let mut state = self.lock();
        match importance {
            Importance::Expendable if state.bytes.len() >= self.room.expendable => {
                state.totals.dropped += 1;
                state.n_untold += 1;
                return;
            }
            Importance::Expendable => {}
            Importance::Kept => {
                let is_full = |state: &mut State| state.bytes.len() >= self.room.kept;
                state = self
                    .emptied
                    .wait_while(state, is_full)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.bytes.extend_from_slice(line);
        state.n_lines += 1;
        drop(state);
        self.filled.notify_one();
    }

    /// Writes to `out` whatever is pushed, for ever. After lines were dropped, `tell` is called
    /// with their number as soon as there is room again.
    pub(super) fn write_to(&self, out: &mut impl Write, tell: impl Fn(u64)) {
        loop {
            let (batch, n_lines) = self.take();
            let outcome = out.write_all(&batch).and_then(|()| out.flush());
            let n_untold = self.written(if outcome.is_ok() { 0 } else { n_lines });
            // The lock is free, and there is room: this thread never waits for itself.
            if outcome.is_ok() && n_untold > 0 {
                tell(n_untold);
            }
        }
    }

    /// Waits until everything is written, at most for `patience`; whether it is.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let is_busy = |state: &mut State| state.is_writing || !state.bytes.is_empty();
        let (state, _) = self
            .emptied
            .wait_timeout_while(self.lock(), patience, is_busy)
            .unwrap_or_else(PoisonError::into_inner);
        !state.is_writing && state.bytes.is_empty()
    }

    /// What was lost so far.
    pub(super) fn lost(&self) -> Lost {
        self.lock().totals
    }

    /// Waits for lines and takes them all.
    fn take(&self) -> (Vec<u8>, u64) {
        let mut state = self
            .filled
            .wait_while(self.lock(), |state| state.bytes.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let batch = (mem::take(&mut state.bytes), mem::take(&mut state.n_lines));
        state.is_writing = true;
        drop(state);
        self.emptied.notify_all();
        batch
    }

    /// Ends the batch that was taken; how many dropped lines are to be told of, if any can be.
    fn written(&self, n_refused: u64) -> u64 {
        let mut state = self.lock();
        state.is_writing = false;
        state.totals.refused += n_refused;
        let has_room = state.bytes.len() < self.room.expendable;
        let n_untold = if has_room && n_refused == 0 {
            mem::take(&mut state.n_untold)
        } else {
            0
        };
        drop(state);
        self.emptied.notify_all();
        n_untold
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;

    const ROOM: Room = Room {
        expendable: 8,
        kept: 16,
    };
    const LONG: Duration = Duration::from_secs(30);

    /// Takes a batch when the test says how that goes.
    struct Gate {
        open: Receiver<io::Result<()>>,
        written: Sender<String>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // A test that is over lets everything through.
            self.open.recv().unwrap_or(Ok(()))?;
            drop(
                self.written
                    .send(String::from_utf8(bytes.to_vec()).unwrap()),
            );
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Fixture {
        queue: Arc<Queue>,
        open: Sender<io::Result<()>>,
        written: Receiver<String>,
        told: Receiver<u64>,
    }

    impl Fixture {
        fn start() -> Self {
            let queue = Arc::new(Queue::new(ROOM));
            let ((open, gate), (write, written)) = (channel(), channel());
            let (tell, told) = channel();
            let writer = Arc::clone(&queue);
            thread::spawn(move || {
                let mut gate = Gate {
                    open: gate,
                    written: write,
                };
                writer.write_to(&mut gate, |n_lines| tell.send(n_lines).unwrap_or_default());
            });
            Self {
                queue,
                open,
                written,
                told,
            }
        }

        /// The writer holds one batch, and the queue is empty.
        fn stuck() -> Self {
            let fixture = Self::start();
            fixture.queue.push(b"first\n", Importance::Kept);
            while fixture.queue.lock().bytes.contains(&b'f') {
                thread::yield_now();
            }
            fixture
        }
    }

    #[test]
    fn lines_are_written_whole_and_in_order() {
        let fixture = Fixture::stuck();
        fixture.queue.push(b"a\n", Importance::Expendable);
        fixture.queue.push(b"b\n", Importance::Kept);

        fixture.open.send(Ok(())).unwrap();
        fixture.open.send(Ok(())).unwrap();

        assert_eq!(fixture.written.recv().unwrap(), "first\n");
        assert_eq!(fixture.written.recv().unwrap(), "a\nb\n");
        assert_eq!(fixture.queue.lost(), Lost::default());
    }

    #[test]
    fn what_is_expendable_is_dropped_counted_and_told_of() {
        let fixture = Fixture::stuck();
        for line in [b"1234567\n", b"dropped\n", b"dropped\n"] {
            fixture.queue.push(line, Importance::Expendable);
        }
        fixture.queue.push(b"kept\n", Importance::Kept);

        assert_eq!(fixture.queue.lost().dropped, 2);
        fixture.open.send(Ok(())).unwrap();
        fixture.open.send(Ok(())).unwrap();

        assert_eq!(fixture.written.recv().unwrap(), "first\n");
        assert_eq!(fixture.written.recv().unwrap(), "1234567\nkept\n");
        assert_eq!(fixture.told.recv().unwrap(), 2);
    }

    #[test]
    fn what_must_be_kept_is_waited_for() {
        let fixture = Fixture::stuck();
        fixture.queue.push(b"123456789012345\n", Importance::Kept);
        let queue = Arc::clone(&fixture.queue);
        let waiting = thread::spawn(move || queue.push(b"last\n", Importance::Kept));

        assert!(!fixture.queue.flush(Duration::from_millis(20)));
        assert!(!waiting.is_finished());
        for _ in 0..3 {
            fixture.open.send(Ok(())).unwrap();
        }

        waiting.join().unwrap();
        assert!(fixture.queue.flush(LONG));
        let all: String = fixture.written.try_iter().collect();
        assert_eq!(all, "first\n123456789012345\nlast\n");
    }

    #[test]
    fn lines_that_the_system_refuses_are_counted() {
        let fixture = Fixture::stuck();

        fixture
            .open
            .send(Err(io::ErrorKind::BrokenPipe.into()))
            .unwrap();

        assert!(fixture.queue.flush(LONG));
        assert_eq!(fixture.queue.lost().refused, 1);
    }
}
