//! Ports of the simulated internet, each on three loopback addresses: one where a server answers, one where nothing ever
//! answers, and one where connections are refused. So a name can be led astray without any right of root.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Where servers answer.
pub const OPEN: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Where packets go nowhere: the queue of connections to accept is full, and Linux drops what would join it.
pub const DEAF: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where nobody listens.
pub const SHUT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Ports that are tried before giving up: another program may hold one of the three addresses.
const ATTEMPTS: usize = 32;

/// A port and what keeps its other addresses as they are.
#[derive(Debug)]
pub struct Door {
    /// The port.
    pub port: u16,
    _deaf: (TcpListener, TcpStream),
    _shut: TcpSocket,
}

impl Door {
    /// Takes a free port; the listener is the open address's.
    ///
    /// # Errors
    /// The operating system's, when no port has all three addresses free.
    pub async fn open() -> io::Result<(Self, TcpListener)> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let listener = TcpListener::bind((OPEN, 0)).await?;
            let port = listener.local_addr()?.port();
            match astray(port).await {
                Ok((_deaf, _shut)) => return Ok((Self { port, _deaf, _shut }, listener)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where its server answers.
    pub fn address(&self) -> SocketAddr {
        (OPEN, self.port).into()
    }
}

async fn astray(port: u16) -> io::Result<((TcpListener, TcpStream), TcpSocket)> {
    let deaf = TcpSocket::new_v4()?;
    deaf.bind((DEAF, port).into())?;
    // A queue of none holds one connection, which is ours and never accepted.
    let deaf = deaf.listen(0)?;
    let filler = TcpStream::connect((DEAF, port)).await?;
    let shut = TcpSocket::new_v4()?;
    shut.bind((SHUT, port).into())?;
    Ok(((deaf, filler), shut))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn three_addresses_behave_each_in_its_way() {
        let (door, listener) = Door::open().await.unwrap();
        let open = TcpStream::connect((OPEN, door.port)).await.unwrap();
        assert_eq!(
            listener.accept().await.unwrap().1,
            open.local_addr().unwrap()
        );
        let shut = TcpStream::connect((SHUT, door.port)).await.unwrap_err();
        assert_eq!(shut.kind(), io::ErrorKind::ConnectionRefused);
        for _ in 0..3 {
            let deaf = TcpStream::connect((DEAF, door.port));
            let ended = tokio::time::timeout(Duration::from_millis(100), deaf).await;
            assert!(ended.is_err(), "{ended:?}");
        }
    }
}
