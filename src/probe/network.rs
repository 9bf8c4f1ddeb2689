//! The one place where sockets are made: a small trait, so that a simulated network can stand in its place.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// A boxed future, so that the trait can be an object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connected byte stream. Dropping it closes it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A datagram socket connected to one peer: only that peer's datagrams are received.
pub trait Datagram: Send + Sync {
    /// Sends one datagram.
    fn send<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, io::Result<usize>>;
    /// Receives one datagram; a longer one is cut.
    fn recv<'a>(&'a self, buffer: &'a mut [u8]) -> Pending<'a, io::Result<usize>>;
}

/// Reaches other hosts. No deadline and no policy here: both stand outside.
pub trait Network: Send + Sync {
    /// Connects a stream.
    ///
    /// # Errors
    /// The operating system's.
    fn stream(&self, peer: SocketAddr) -> Pending<'_, io::Result<Box<dyn Stream>>>;

    /// Makes a datagram socket connected to `peer`.
    ///
    /// # Errors
    /// The operating system's.
    fn datagram(&self, peer: SocketAddr) -> Pending<'_, io::Result<Box<dyn Datagram>>>;
}

/// The operating system's network.
#[derive(Clone, Copy, Debug, Default)]
pub struct System {
    /// Local address that sockets are bound to; applies to peers of the same family.
    pub source_address: Option<IpAddr>,
}

impl System {
    fn local_for(&self, peer: SocketAddr) -> Option<SocketAddr> {
        self.source_address
            .filter(|source| source.is_ipv4() == peer.is_ipv4())
            .map(|source| SocketAddr::new(source, 0))
    }
}

impl Network for System {
    fn stream(&self, peer: SocketAddr) -> Pending<'_, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let stream = match self.local_for(peer) {
                None => TcpStream::connect(peer).await?,
                Some(local) => {
                    let socket = if peer.is_ipv4() {
                        TcpSocket::new_v4()?
                    } else {
                        TcpSocket::new_v6()?
                    };
                    socket.bind(local)?;
                    socket.connect(peer).await?
                }
            };
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn datagram(&self, peer: SocketAddr) -> Pending<'_, io::Result<Box<dyn Datagram>>> {
        Box::pin(async move {
            let any = if peer.is_ipv4() {
                IpAddr::from([0; 4])
            } else {
                IpAddr::from([0; 16])
            };
            let socket =
                UdpSocket::bind(self.local_for(peer).unwrap_or(SocketAddr::new(any, 0))).await?;
            socket.connect(peer).await?;
            Ok(Box::new(socket) as Box<dyn Datagram>)
        })
    }
}

impl Datagram for UdpSocket {
    fn send<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, io::Result<usize>> {
        Box::pin(Self::send(self, bytes))
    }

    fn recv<'a>(&'a self, buffer: &'a mut [u8]) -> Pending<'a, io::Result<usize>> {
        Box::pin(Self::recv(self, buffer))
    }
}
