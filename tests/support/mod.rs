//! What the black-box tests stand on: a small internet on loopback, and the program as a child process.

pub mod ca;
pub mod dns;
pub mod exporter;
pub mod internet;
pub mod noise;
pub mod page;
pub mod raw;
mod skipped;

use std::sync::Arc;

use dns::Dns;
use exporter::{Launch, Settings};
use internet::Internet;
use platform_exporter::drill::internet::authority::Authority;
pub use skipped::skipped;

/// Quick checks, so that verdicts come within seconds.
pub const FAST: &str = "{ interval: 2s, timeout: 2s, recheck: 500ms }";
/// The platforms that are on without any configuration.
pub const PLATFORMS: [&str; 7] = [
    "facebook",
    "instagram",
    "messenger",
    "threads",
    "whatsapp",
    "whatsapp_business",
    "x",
];

/// Hosts whose names are looked up when they are connected to.
const HOSTS: [&str; 39] = [
    "facebook.com",
    "www.facebook.com",
    "m.facebook.com",
    "graph.facebook.com",
    "b-graph.facebook.com",
    "b-api.facebook.com",
    "edge-chat.facebook.com",
    "edge-mqtt.facebook.com",
    "gateway.facebook.com",
    "web-chat-e2ee.facebook.com",
    "star.c10r.facebook.com",
    "scontent.xx.fbcdn.net",
    "external.xx.fbcdn.net",
    "static.xx.fbcdn.net",
    "www.messenger.com",
    "www.instagram.com",
    "graph.instagram.com",
    "scontent.cdninstagram.com",
    "static.cdninstagram.com",
    "www.threads.com",
    "graph.threads.net",
    "www.whatsapp.com",
    "web.whatsapp.com",
    "v.whatsapp.net",
    "g.whatsapp.net",
    "mmg.whatsapp.net",
    "static.whatsapp.net",
    "x.com",
    "api.x.com",
    "publish.x.com",
    "t.co",
    "pbs.twimg.com",
    "abs.twimg.com",
    "video.twimg.com",
    "mqtt-mini.facebook.com",
    "i.instagram.com",
    "pps.whatsapp.net",
    "e6.whatsapp.net",
    "e16.whatsapp.net",
];

/// Authority, names and hosts: everything that the program can reach in a test.
pub struct World {
    pub ca: Arc<Authority>,
    pub dns: Dns,
    pub internet: Internet,
}

impl World {
    /// A healthy one.
    pub async fn healthy() -> Self {
        let ca = ca::shared();
        let internet = Internet::start(Arc::clone(&ca)).await;
        Self {
            ca,
            dns: Dns::start().await,
            internet,
        }
    }

    /// Everything answers again.
    pub fn heal(&self) {
        self.dns.heal();
        self.internet.heal();
    }

    /// The program, set up to live in this world.
    pub fn exporter(&self) -> Launch {
        let settings = Settings {
            defaults: FAST.to_owned(),
            resolvers: vec![self.dns.address.to_string()],
            ca_file: Some(self.ca.file().to_owned()),
            connect_to: self.connections(),
            allow_private: true,
            ..Settings::default()
        };
        Launch {
            settings,
            ..Launch::default()
        }
    }

    /// Known hosts keep their names, so that they are still looked up; any other goes straight to loopback.
    fn connections(&self) -> Vec<(String, String)> {
        let tls = self.internet.tls;
        let named = HOSTS
            .iter()
            .map(|host| (format!("{host}:443"), format!("{host}:{}", tls.port())));
        let any = [
            ("443", tls),
            ("853", tls),
            ("80", self.internet.plain),
            ("5222", self.internet.chat),
        ];
        let any = any
            .iter()
            .map(|(port, to)| (format!(":{port}"), to.to_string()));
        named.chain(any).collect()
    }
}
