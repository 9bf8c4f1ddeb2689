//! Servers that say exactly these bytes and then close, reset or stay: what no HTTP library can be made to do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A port that nobody listens on, UDP or TCP.
pub const DEAD: &str = "127.0.0.1:1";

/// What follows the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Close,
    Reset,
    Stay,
}

/// A server's part in one connection.
#[derive(Clone, Debug)]
pub struct Script {
    bytes: Vec<u8>,
    flood: Vec<u8>,
    then: Then,
    listen_first: bool,
    pause: Duration,
}

impl Script {
    /// Waits for the first bytes of the client, says its own, then ends as told.
    pub fn answer(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self {
            bytes: bytes.into(),
            flood: Vec::new(),
            then,
            listen_first: true,
            pause: Duration::ZERO,
        }
    }

    /// Says its bytes as soon as the connection stands.
    pub fn speak(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self {
            listen_first: false,
            ..Self::answer(bytes, then)
        }
    }

    /// After its bytes it says these others for ever, as fast as they are taken.
    pub fn flooding(self, flood: impl Into<Vec<u8>>) -> Self {
        Self {
            flood: flood.into(),
            ..self
        }
    }

    /// Says one byte at a time.
    pub fn dripping(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Starts the server; it ends with the test's runtime.
    pub async fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.clone().play(stream));
            }
        });
        address
    }

    async fn play(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        if self.listen_first {
            let _ = stream.read(&mut buffer).await?;
        }
        self.say(&mut stream).await?;
        while !self.flood.is_empty() {
            stream.write_all(&self.flood).await?;
        }
        match self.then {
            Then::Close => stream.shutdown().await?,
            Then::Reset => return stream.set_zero_linger(),
            Then::Stay => {}
        }
        // Reading on until the client leaves keeps the kernel from turning a close into a reset.
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }

    async fn say(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        if self.pause.is_zero() {
            return stream.write_all(&self.bytes).await;
        }
        for byte in &self.bytes {
            stream.write_all(&[*byte]).await?;
            tokio::time::sleep(self.pause).await;
        }
        Ok(())
    }
}
