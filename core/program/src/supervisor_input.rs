//! What a supervisor says, through the standard input: the same on every system, and its end tells that the supervisor is gone.

use std::io::BufRead;

use tokio::sync::mpsc::{Receiver, channel};

use crate::signals::Signal;

/// Listens to the standard input.
pub(crate) fn listen() -> Receiver<Signal> {
    let (tell, told) = channel(8);
    // A thread of its own: a read of the standard input cannot be given up, and would hold the runtime's end.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.trim() == "reload" && tell.blocking_send(Signal::Reload).is_err() {
                return;
            }
        }
        let _ = tell.blocking_send(Signal::Stop);
    });
    told
}
