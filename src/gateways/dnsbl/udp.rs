//! Datagrams: each socket has a thread that waits in the operating system, so that a question costs two calls of it.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::sync::oneshot::{self, Receiver};
use tokio_util::sync::CancellationToken;

use super::{Dnsbl, QUESTION_MOST};
use crate::domain::net::fold;

/// How long to wait for a question before looking whether it is time to stop, and for room for an answer; and how long to
/// rest after a socket reported a failure.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens.
///
/// # Errors
/// When the address is taken or not ours.
pub(super) fn bind(addr: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(addr)?;
    socket.set_read_timeout(Some(PAUSE))?;
    // Answers to a neighbour that is not there fill the queue of all.
    socket.set_write_timeout(Some(PAUSE))?;
    Ok(socket)
}

/// Begins to answer datagrams, until `stop`; gives what waits for its end.
///
/// # Errors
/// When there can be no thread.
pub(super) fn start(dnsbl: Dnsbl, socket: UdpSocket, stop: CancellationToken) -> std::io::Result<Receiver<()>> {
    let (running, ended) = oneshot::channel();
    std::thread::Builder::new().name("dnsbl".to_owned()).spawn(move || {
        let mut buffer = [0; QUESTION_MOST];
        while !stop.is_cancelled() {
            answer_next(&dnsbl, &socket, &mut buffer);
        }
        drop(socket);
        drop(running);
    })?;
    Ok(ended)
}

/// Waits for a datagram and answers it.
fn answer_next(dnsbl: &Dnsbl, socket: &UdpSocket, buffer: &mut [u8]) {
    match socket.recv_from(buffer) {
        Ok((length, peer)) => {
            let question = buffer.get(..length).unwrap_or_default();
            if let Some(answer) = dnsbl.over_udp(question, fold(peer.ip())) {
                let _ = socket.send_to(&answer, peer);
            }
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
        Err(_) => std::thread::sleep(PAUSE),
    }
}
