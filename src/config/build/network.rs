//! How the network is reached.

use super::super::raw;
use super::super::settings::{ConnectTo, NetworkSettings};
use super::super::values::{Address, ConnectFrom};
use super::Builder;

impl Builder<'_> {
    pub(super) fn network(&mut self, raw: raw::Network) -> NetworkSettings {
        let at = self.root.near("network");
        let rewrites = raw.connect_to.unwrap_or_default().0;
        let rewrite = |(from, to): (ConnectFrom, Address)| ConnectTo {
            host: from.0.0,
            port: from.0.1,
            to: to.0,
        };
        NetworkSettings {
            resolvers: raw
                .resolvers
                .unwrap_or_default()
                .right()
                .map(|r| r.0)
                .collect(),
            ca_file: raw.ca_file.map(|path| self.file(&at, "ca_file", path.0)),
            source_address: raw.source_address.map(|ip| ip.0),
            allow_private: raw.allow_private.unwrap_or(false),
            proxy: raw.proxy.map(|proxy| proxy.0),
            connect_to: rewrites.into_iter().map(rewrite).collect(),
            max_in_flight: raw.max_in_flight,
        }
    }
}
