//! Sockets and limits: nobody who connects can hold up the probes, keep the exporter from stopping, or use up memory.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::routes::{self, Options};
use super::source::Source;

/// A few Prometheus servers, health checks and people come to some dozens. More wait in the system's queue, so that
/// open connections never take the file descriptors and the memory that probes need.
const MAX_CONNECTIONS: usize = 256;

/// For a whole request head, counted from the connection or from the answer before: also how long a connection may idle.
/// Not one of the usual scrape intervals, or a server would send just as we close.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(12);

/// A connection older than this ends after the answer in progress, so that a client that hardly reads cannot keep one for
/// ever. Connecting anew is cheap.
const CONNECTION_LIFE: Duration = Duration::from_secs(600);

/// What the answer in progress then still gets: longer than any scrape timeout.
const LAST_ANSWER: Duration = Duration::from_secs(120);

/// Buffer of a connection: two pieces of a metrics page, and far more than a request head needs.
const BUFFER: usize = 128 * 1024;

/// For answers in progress when the exporter stops; leaves the rest of it time within the promised two seconds.
const DRAIN: Duration = Duration::from_millis(1500);

/// After a failure to accept that is not the client's, such as no file descriptor left: to try again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits of a server; tests wait for shorter ones.
#[derive(Clone, Copy)]
struct Limits {
    connections: usize,
    header_read: Duration,
    life: Duration,
    drain: Duration,
}

const LIMITS: Limits = Limits {
    connections: MAX_CONNECTIONS,
    header_read: HEADER_READ_TIMEOUT,
    life: CONNECTION_LIFE,
    drain: DRAIN,
};

/// Serves until `stop`, then lets answers in progress end, for a limited time. `options` hold for all listeners.
pub async fn serve<S: Source>(
    listeners: Vec<TcpListener>,
    source: Arc<S>,
    options: Options,
    stop: CancellationToken,
) {
    serve_within(LIMITS, listeners, source, options, stop).await;
}

async fn serve_within<S: Source>(
    limits: Limits,
    listeners: Vec<TcpListener>,
    source: Arc<S>,
    options: Options,
    stop: CancellationToken,
) {
    let server = Server {
        source,
        options,
        limits,
        slots: Arc::new(Semaphore::new(limits.connections)),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
        give_up: CancellationToken::new(),
    };
    for listener in listeners {
        server.tasks.spawn(server.clone().accept(listener));
    }
    stop.cancelled().await;
    server.tasks.close();
    if timeout(limits.drain, server.tasks.wait()).await.is_err() {
        tracing::warn!(
            connections = server.tasks.len(),
            "closing connections whose answers did not end in time"
        );
        server.give_up.cancel();
        server.tasks.wait().await;
    }
}

struct Server<S> {
    source: Arc<S>,
    options: Options,
    limits: Limits,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    give_up: CancellationToken,
}

// Derived, this would want `S: Clone`.
impl<S> Clone for Server<S> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            options: self.options,
            limits: self.limits,
            slots: self.slots.clone(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
            give_up: self.give_up.clone(),
        }
    }
}

impl<S: Source> Server<S> {
    async fn accept(self, listener: TcpListener) {
        loop {
            let next = async {
                // Never closed, so a slot always comes.
                let slot = self
                    .slots
                    .clone()
                    .acquire_owned()
                    .await
                    .map_err(io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (stream, slot))
            };
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = next => accepted,
            };
            match accepted {
                Ok((stream, slot)) => {
                    self.tasks.spawn(self.clone().connection(stream, slot));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(self, stream: TcpStream, _slot: OwnedSemaphorePermit) {
        // Only a hint to the system; pages are written in large pieces anyway.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let source = self.source.clone();
            let options = self.options;
            async move { Ok::<_, Infallible>(routes::answer(&request, &*source, options).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_read)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        // How a connection ends is the client's business: errors are not looked at.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => {}
            () = sleep(self.limits.life) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = timeout(LAST_ANSWER, connection) => {}
            () = self.give_up.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;

    use super::super::fixture::Fake;
    use super::*;

    const QUICK: Limits = Limits {
        drain: Duration::from_millis(800),
        ..LIMITS
    };

    /// More than the system buffers for a reader that does not read.
    const MANY_CHECKS: usize = 20_000;

    struct Running {
        address: SocketAddr,
        stop: CancellationToken,
        server: JoinHandle<()>,
    }

    impl Running {
        async fn start(limits: Limits, fake: Fake) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let stop = CancellationToken::new();
            let serving = serve_within(
                limits,
                vec![listener],
                Arc::new(fake),
                Options::default(),
                stop.clone(),
            );
            Self {
                address,
                stop,
                server: tokio::spawn(serving),
            }
        }

        async fn send(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }

        /// How long the server takes to end.
        async fn stopped(self) -> Duration {
            let begun = Instant::now();
            self.stop.cancel();
            self.server.await.unwrap();
            begun.elapsed()
        }
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n")
    }

    /// Reads until `end`.
    async fn until(stream: &mut TcpStream, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            let mut byte = [0];
            assert_eq!(
                stream.read(&mut byte).await.unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(&text)
            );
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads until the server closes.
    async fn to_end(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let _ = timeout(Duration::from_secs(10), stream.read_to_string(&mut text))
            .await
            .expect("the server closes");
        text
    }

    #[tokio::test]
    async fn a_connection_carries_several_requests_and_head_has_no_body() {
        let running = Running::start(QUICK, Fake::default()).await;
        let mut stream = running
            .send("HEAD /-/healthy HTTP/1.1\r\nhost: h\r\n\r\n")
            .await;
        let head = until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("content-length: 38\r\n"), "{head}");
        stream
            .write_all(get("/-/healthy").as_bytes())
            .await
            .unwrap();
        let whole = until(&mut stream, "heart beats.\n").await;
        assert!(
            whole.starts_with("HTTP/1.1 200 OK\r\n"),
            "no body of HEAD comes before it: {whole}"
        );
        assert!(
            running.stopped().await < QUICK.drain,
            "an idle connection holds up nobody"
        );
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_given_up() {
        let limits = Limits {
            header_read: Duration::from_millis(100),
            ..QUICK
        };
        let running = Running::start(limits, Fake::default()).await;
        let mut stream = running.send("GET / HTTP/1.1\r\nhost:").await;
        assert_eq!(
            to_end(&mut stream).await.lines().next().unwrap_or_default(),
            ""
        );
        running.stopped().await;
    }

    #[tokio::test]
    async fn connections_over_the_limit_wait() {
        let running = Running::start(
            Limits {
                connections: 1,
                ..QUICK
            },
            Fake::default(),
        )
        .await;
        let mut first = running.send(&get("/-/ready")).await;
        until(&mut first, "\n").await;
        let mut second = running.send(&get("/-/ready")).await;
        let early = timeout(Duration::from_millis(100), second.read_u8()).await;
        assert!(early.is_err(), "answered beyond the limit");
        drop(first);
        assert!(until(&mut second, "\r\n").await.starts_with("HTTP/1.1 200"));
        running.stopped().await;
    }

    #[tokio::test]
    async fn a_connection_never_used_does_not_keep_the_server_from_stopping() {
        let running = Running::start(QUICK, Fake::default()).await;
        let mut stream = running.send("").await;
        sleep(Duration::from_millis(50)).await;
        let took = running.stopped().await;
        assert!(took < QUICK.drain, "{took:?}");
        assert_eq!(to_end(&mut stream).await, "");
    }

    #[tokio::test]
    async fn an_old_connection_ends() {
        let running = Running::start(
            Limits {
                life: Duration::from_millis(100),
                ..QUICK
            },
            Fake::default(),
        )
        .await;
        let mut stream = running.send(&get("/-/healthy")).await;
        assert!(to_end(&mut stream).await.ends_with("heart beats.\n"));
        running.stopped().await;
    }

    #[tokio::test]
    async fn an_answer_in_progress_is_finished_when_the_server_stops() {
        let running = Running::start(
            Limits {
                drain: Duration::from_secs(20),
                ..QUICK
            },
            Fake::of(MANY_CHECKS),
        )
        .await;
        let address = running.address;
        let mut stream = running.send(&get("/metrics")).await;
        until(&mut stream, "\r\n\r\n").await;
        let stopped = tokio::spawn(running.stopped());
        // Connections are refused as soon as the listener is gone.
        while TcpStream::connect(address).await.is_ok() {
            assert!(!stopped.is_finished(), "the page is not read yet");
            sleep(Duration::from_millis(10)).await;
        }
        assert!(!stopped.is_finished(), "the page is not read yet");
        assert!(to_end(&mut stream).await.ends_with("\r\n0\r\n\r\n"));
        stopped.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_cannot_hold_up_the_stop() {
        let running = Running::start(QUICK, Fake::of(MANY_CHECKS)).await;
        let mut stream = running.send(&get("/metrics")).await;
        until(&mut stream, "\r\n\r\n").await;
        let took = running.stopped().await;
        assert!(
            took >= QUICK.drain && took < QUICK.drain + Duration::from_secs(3),
            "{took:?}"
        );
        assert!(
            !to_end(&mut stream).await.ends_with("\r\n0\r\n\r\n"),
            "it could not be whole"
        );
    }
}
