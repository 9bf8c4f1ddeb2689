//! What can go wrong in the simulated internet: one closed list of faults, and where they strike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way in which a server, a name or our own network misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing is wrong (any more).
    Healthy,

    /// The name server of the name fails: SERVFAIL.
    Servfail,
    /// The name does not exist: NXDOMAIN.
    Nxdomain,
    /// The resolver refuses the question.
    DnsRefused,
    /// The name exists without an address.
    NoData,
    /// The lookup is never answered.
    DnsSilent,

    /// Connections are not answered: packets go nowhere.
    Unreachable,
    /// Connections are refused.
    Refused,

    /// The connection is accepted, then nothing.
    Silent,
    /// The connection is reset in the TLS handshake.
    Reset,
    /// The connection is closed in the TLS handshake.
    Closed,
    /// What answers is not TLS.
    Garbage,
    /// The certificate has expired.
    ExpiredCertificate,
    /// The certificate is not valid yet.
    EarlyCertificate,
    /// The certificate names another host.
    WrongCertificate,
    /// An authority that nobody knows signed the certificate, as where TLS is inspected.
    UntrustedCertificate,

    /// The request is read and never answered.
    Hang,
    /// The healthy answer comes three seconds late; lookups one and a half.
    Slow,
    /// HTTP 503 with an error page.
    ServerError,
    /// Graph API error 1 with HTTP 400.
    #[serde(rename = "graph_code_1")]
    GraphCode1,
    /// Graph API error 2 with HTTP 400, as on 5 March 2024.
    #[serde(rename = "graph_code_2")]
    GraphCode2,
    /// X's error 467 with HTTP 403, as on 6 March 2023.
    #[serde(rename = "x_code_467")]
    XCode467,
    /// X's error 130 "Over capacity" with HTTP 503.
    OverCapacity,
    /// HTTP 429.
    RateLimited,
    /// HTTP 403 with a page for people.
    Forbidden,
    /// The platform's own error page, with HTTP 200.
    ErrorPage,
    /// HTTP 200 and an empty page.
    BlankPage,
    /// HTTP 200 and "Rate limit exceeded" where the login was.
    LoginRateLimit,
    /// HTTP 404.
    NotFound,
    /// HTTP 200 and a page without anything that was known of it.
    Redesign,
    /// The connection ends in the middle of the answer.
    Cut,

    /// The chat server upgrades the connection and says nothing.
    ChatSilent,
    /// The chat server upgrades the connection and closes it.
    ChatClosed,
    /// The chat server answers the greeting with bytes that are no greeting.
    ChatGarbage,

    /// The official status page says "Major disruptions".
    MajorDisruptions,
}

impl Fault {
    /// Its name in a scenario.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }
}

/// Where a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A layer of a platform: the name of one of its components, `COMPONENT/CHECK` for one check of it, or one of
    /// [`Place::ALL`], [`Place::OFFICIAL`] and [`Place::FIRST_RESOLVER`], which no component can be struck in place of.
    Platform {
        /// The platform's name in the configuration.
        name: String,
        /// See above.
        layer: String,
    },
    /// Our own network.
    Vantage(Own),
}

impl Place {
    /// Layer of all checks of a platform; not its status page.
    pub const ALL: &str = "all";
    /// Layer of a platform's status page.
    pub const OFFICIAL: &str = "official";
    /// Layer of a platform's names at the first of our resolvers alone, as a filter has it.
    pub const FIRST_RESOLVER: &str = "first_resolver";

    /// A layer of a platform.
    pub fn layer(platform: &str, layer: &str) -> Self {
        Self::Platform {
            name: platform.to_owned(),
            layer: layer.to_owned(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Platform { name, layer } => write!(f, "{name}/{layer}"),
            Self::Vantage(own) => f.write_str(own.words()),
        }
    }
}

/// Layers of our own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Own {
    /// The way out: every connection that leaves, controls too. Lookups at our resolvers still work.
    Gateway,
    /// The first of our two resolvers.
    Resolver,
    /// Both resolvers.
    Resolvers,
}

impl Own {
    /// How people call it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gateway => "our gateway",
            Self::Resolver => "our first resolver",
            Self::Resolvers => "our resolvers",
        }
    }
}
