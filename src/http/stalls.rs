//! Connections that make no progress. actix ends a first head that does not come and a connection that idles, but neither a later head
//! that stops half way, nor a body that nobody reads, nor a client that does not read its answer: each would hold a connection for as
//! long as it likes. So every connection has a moment by which it must have got on, and one tick a second shuts down those that have not:
//!
//! - from the end of an answer the next head has [`Connections::patience`] to come whole, however it drips (the keep-alive of actix, 5 s,
//!   ends before that a connection on which nothing comes);
//! - while a handler works there is no such moment: what it reads has its own limits of time (`exchange`);
//! - an answer goes out in pieces, each of which must be taken in that time.
//!
//! On Linux the kernel keeps the same time for what the socket itself holds (`TCP_USER_TIMEOUT`, RFC 5482): also for a connection that is
//! closed here and whose client does not read the rest.

use std::any::Any;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::error::PayloadError;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use rustix::net::Shutdown;

/// How much of an answer goes out before the next piece is asked for.
const PIECE: usize = 16 * 1024;

/// No moment at all.
const NEVER: u64 = u64::MAX;

/// The connections of an instance.
pub struct Connections {
    open: Mutex<Vec<Weak<Connection>>>,
    began: Instant,
    patience: Duration,
    /// How long the source of an answer may take for its next piece.
    source: Duration,
}

/// A connection, and the moment by which it must have got on, in milliseconds since the program began.
pub struct Connection {
    socket: OwnedFd,
    until: AtomicU64,
    all: Arc<Connections>,
}

#[expect(clippy::disallowed_methods, reason = "measures how long a client takes; no rule hangs on it")]
fn now() -> Instant {
    Instant::now()
}

impl Connections {
    /// None yet. `patience` is what a client may take to get on, `source` what an answer may.
    #[must_use]
    pub fn new(patience: Duration, source: Duration) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), began: now(), patience, source })
    }

    /// What a client may take to get on.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    fn after(&self, time: Duration) -> u64 {
        u64::try_from((self.began.elapsed() + time).as_millis()).unwrap_or(NEVER)
    }

    /// Watches a connection that was just accepted, for `HttpServer::on_connect`.
    pub fn watch(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        // An answer goes out in pieces: the last would wait 40 ms for a client that acknowledges late (Nagle, RFC 9293 section 3.7.4).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection sends late what is small");
        }
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, u32::try_from(self.patience.as_millis()).unwrap_or(u32::MAX))
        {
            tracing::debug!(error = %error, "the kernel keeps no time for a connection");
        }
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
        let connection = Arc::new(Connection { socket, until: AtomicU64::new(self.after(self.patience)), all: self.clone() });
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&connection));
        data.insert(connection);
    }

    /// Shuts down every connection that has not got on. Answers how many.
    pub fn reap(&self) -> usize {
        let now = self.after(Duration::ZERO);
        let mut reaped = 0;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            let late = connection.until.load(Ordering::Relaxed) < now;
            if late {
                reaped += 1;
                let _ = rustix::net::shutdown(&connection.socket, Shutdown::Both);
            }
            !late
        });
        reaped
    }
}

impl Connection {
    /// The client is expected to get on.
    pub fn waits(&self) {
        self.until.store(self.all.after(self.all.patience), Ordering::Relaxed);
    }

    /// The answer is awaited, by the client.
    fn makes(&self) {
        self.until.store(self.all.after(self.all.source), Ordering::Relaxed);
    }

    /// A handler works.
    pub fn works(&self) {
        self.until.store(NEVER, Ordering::Relaxed);
    }
}

/// A body that arrives: it breaks off with a time-out once less than a piece came in `patience`, so that neither silence nor a drip
/// holds a connection for the whole time that a large file may take.
pub(super) fn steady<S>(payload: S, patience: Duration) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    let late = || PayloadError::Io(ErrorKind::TimedOut.into());
    let state = Some((payload, tokio::time::Instant::now() + patience, 0));
    let pieces = futures_util::stream::unfold(state, move |state| async move {
        let (mut payload, until, came) = state?;
        match tokio::time::timeout_at(until, payload.next()).await {
            Err(_) => Some((Err(late()), None)),
            Ok(None) => None,
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(Some(Ok(bytes))) => {
                let came = came + bytes.len();
                let (until, came) = if came >= PIECE { (tokio::time::Instant::now() + patience, 0) } else { (until, came) };
                Some((Ok(bytes), Some((payload, until, came))))
            }
        }
    });
    // A form asks again after the end.
    pieces.fuse()
}

/// An answer on its way: asks for no more than the client takes.
pub struct Watched {
    body: BoxBody,
    rest: Bytes,
    connection: Option<Arc<Connection>>,
}

impl Watched {
    /// The body of an answer on this connection.
    #[must_use]
    pub fn new(body: BoxBody, connection: Option<Arc<Connection>>) -> Self {
        let watched = Self { body, rest: Bytes::new(), connection };
        watched.waits();
        watched
    }

    fn waits(&self) {
        if let Some(connection) = &self.connection {
            connection.waits();
        }
    }
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => this.rest = bytes,
                Poll::Pending => {
                    if let Some(connection) = &this.connection {
                        connection.makes();
                    }
                    return Poll::Pending;
                }
                over @ Poll::Ready(_) => return over,
            }
        }
        this.waits();
        let piece = this.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(this.rest.split_to(piece))))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.waits();
    }
}
