//! The closed list of reasons why a run ended as it did, each with its label and default class.
//!
//! One table makes the enum, so a label cannot be invented at run time. The names map to W3C Network Error Logging and
//! to OONI's failure strings (data format df-007). Nothing here looks at an error: that is done where the error arises.

use serde::{Deserialize, Serialize};

/// What a result says about the platform.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Answers as it should.
    Ok,
    /// Answers, but not as it should.
    Degraded,
    /// Theirs: it does not answer, or answers that it fails.
    Fail,
    /// Alive, and refuses us.
    Blocked,
    /// Ours: our network, our host, our configuration.
    Local,
}

impl Class {
    /// Every class, in the order of the metrics.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Degraded,
        Self::Fail,
        Self::Blocked,
        Self::Local,
    ];

    /// The label's value.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Fail => "fail",
            Self::Blocked => "blocked",
            Self::Local => "local",
        }
    }

    /// Whether results of this class extend or break a streak.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Ok | Self::Degraded | Self::Fail)
    }
}

/// Where a run ended: the prefix of its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It did not end early.
    Ok,
    /// On our side.
    Local,
    /// Name lookup.
    Dns,
    /// Connection.
    Tcp,
    /// TLS handshake.
    Tls,
    /// QUIC handshake.
    Quic,
    /// HTTP exchange.
    Http,
    /// WebSocket exchange.
    Ws,
    /// What was answered.
    Content,
    /// Refused.
    Blocked,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $label:literal $stage:ident $class:ident;)*) => {
        /// Why a run ended as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $label)] $name,)* }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The value of the `reason` label.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Where the run ended.
            pub const fn stage(self) -> Stage {
                match self { $(Self::$name => Stage::$stage,)* }
            }

            /// The class of a result with this reason when no rule says otherwise.
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }
    };
}

reasons! {
    /// All assertions hold.
    Ok "ok" Ok Ok;
    /// Our network cannot be proven: the controls fail too.
    LocalOffline "local_offline" Local Local;
    /// The resolver fails for the control names too, or a second resolver disagrees.
    LocalResolver "local_resolver" Local Local;
    /// No file descriptor left (EMFILE, ENFILE).
    LocalNoFd "local_no_fd" Local Local;
    /// No buffer, memory or port left (ENOBUFS, ENOMEM, EADDRNOTAVAIL).
    LocalResources "local_resources" Local Local;
    /// Our own system forbids it (EPERM, EACCES).
    LocalPermission "local_permission" Local Local;
    /// Shutdown or reload ended the run.
    LocalCancelled "local_cancelled" Local Local;
    /// Started too late, or no slot was free.
    LocalOverloaded "local_overloaded" Local Local;
    /// The clock stepped, or the machine slept, during the run.
    LocalClock "local_clock" Local Local;
    /// A file or value named in the configuration cannot be used.
    LocalConfig "local_config" Local Local;
    /// The target's address is one we do not send to.
    LocalPolicy "local_policy" Local Local;
    /// Our proxy fails.
    LocalProxy "local_proxy" Local Local;
    /// The operator's own token is refused or missing.
    LocalCredentials "local_credentials" Local Local;
    /// A bug of ours; the panic was caught.
    LocalInternal "local_internal" Local Local;

    /// NXDOMAIN.
    DnsNxdomain "dns_nxdomain" Dns Fail;
    /// NOERROR without a record of the type.
    DnsNoAnswer "dns_no_answer" Dns Fail;
    /// SERVFAIL.
    DnsServfail "dns_servfail" Dns Fail;
    /// REFUSED.
    DnsRefused "dns_refused" Dns Fail;
    /// No reply in time.
    DnsTimeout "dns_timeout" Dns Fail;
    /// The resolver's port is closed or it cannot be reached.
    DnsUnreachable "dns_unreachable" Dns Fail;
    /// Undecodable, wrong question, a loop of aliases.
    DnsMalformed "dns_malformed" Dns Fail;
    /// A public name with a private or reserved address.
    DnsBogon "dns_bogon" Dns Local;
    /// Any other failure of the lookup (FORMERR, NOTIMP, truncation without TCP).
    DnsFailed "dns_failed" Dns Fail;

    /// Connection refused.
    TcpRefused "tcp_refused" Tcp Fail;
    /// Reset on connect or on a bare TCP probe.
    TcpReset "tcp_reset" Tcp Fail;
    /// Closed where bytes were expected.
    TcpClosed "tcp_closed" Tcp Fail;
    /// No route to the host.
    TcpUnreachable "tcp_unreachable" Tcp Fail;
    /// No answer to the connection request, or no bytes where some were expected.
    TcpTimeout "tcp_timeout" Tcp Fail;
    /// Any other failure of the connection.
    TcpFailed "tcp_failed" Tcp Fail;

    /// Handshake unfinished at the deadline.
    TlsTimeout "tls_timeout" Tls Fail;
    /// Closed in the handshake.
    TlsClosed "tls_closed" Tls Fail;
    /// Reset in the handshake.
    TlsReset "tls_reset" Tls Fail;
    /// A fatal alert not named below.
    TlsAlert "tls_alert" Tls Fail;
    /// No common version, cipher or group.
    TlsVersion "tls_version" Tls Fail;
    /// Not TLS, or misbehaviour.
    TlsProtocol "tls_protocol" Tls Fail;
    /// A client certificate is demanded or refused.
    TlsClientCert "tls_client_cert" Tls Fail;
    /// The wanted protocol is not offered.
    TlsAlpn "tls_alpn" Tls Degraded;
    /// Certificate past its end.
    TlsCertExpired "tls_cert_expired" Tls Fail;
    /// Certificate before its beginning.
    TlsCertNotYetValid "tls_cert_not_yet_valid" Tls Fail;
    /// Certificate for another name.
    TlsCertName "tls_cert_name" Tls Fail;
    /// Unknown authority, self-signed, or an incomplete chain.
    TlsCertUntrusted "tls_cert_untrusted" Tls Fail;
    /// Revoked according to a list.
    TlsCertRevoked "tls_cert_revoked" Tls Fail;
    /// Encoding, weak key, signature or purpose.
    TlsCertInvalid "tls_cert_invalid" Tls Fail;

    /// No QUIC handshake.
    QuicTimeout "quic_timeout" Quic Fail;
    /// No common QUIC version.
    QuicVersion "quic_version" Quic Fail;
    /// Any other QUIC or HTTP/3 transport error.
    QuicFailed "quic_failed" Quic Fail;

    /// No complete head in time.
    HttpHeadersTimeout "http_headers_timeout" Http Fail;
    /// The head came, the body did not finish.
    HttpBodyTimeout "http_body_timeout" Http Fail;
    /// Closed without a byte.
    HttpEmptyReply "http_empty_reply" Http Fail;
    /// Ended inside head or body.
    HttpTruncated "http_truncated" Http Fail;
    /// Reset after the request.
    HttpReset "http_reset" Http Fail;
    /// Head, length or chunk that cannot be parsed.
    HttpMalformed "http_malformed" Http Fail;
    /// HTTP/2 error, a flood, or the byte budget spent in the head.
    HttpProtocol "http_protocol" Http Fail;
    /// The server would not take the stream, also on a second connection.
    HttpRefused "http_refused" Http Fail;
    /// Head over the limit.
    HttpHeadersTooLarge "http_headers_too_large" Http Fail;
    /// Body over the limit, and no assertion held inside it.
    HttpBodyTooLarge "http_body_too_large" Http Fail;
    /// Content encoding broken, unknown or exploding.
    HttpDecode "http_decode" Http Fail;
    /// Too many redirects, or the same address again.
    HttpRedirectLoop "http_redirect_loop" Http Fail;
    /// A redirect without a usable, allowed address.
    HttpRedirectInvalid "http_redirect_invalid" Http Fail;
    /// An unexpected 4xx that is no block sign.
    HttpStatus4xx "http_status_4xx" Http Degraded;
    /// An unexpected 5xx.
    HttpStatus5xx "http_status_5xx" Http Fail;
    /// Another unexpected status.
    HttpStatusOther "http_status_other" Http Degraded;

    /// The upgrade was not accepted, or wrongly.
    WsUpgrade "ws_upgrade" Ws Degraded;
    /// A frame in error, too large, a flood, or one that cannot be read.
    WsProtocol "ws_protocol" Ws Degraded;
    /// Closed before the expected message.
    WsClosed "ws_closed" Ws Degraded;
    /// No expected message in time.
    WsTimeout "ws_timeout" Ws Fail;

    /// A required marker is absent.
    ContentMarkerMissing "content_marker_missing" Content Degraded;
    /// A failure marker was found.
    ContentMarkerPresent "content_marker_present" Content Degraded;
    /// Not JSON.
    ContentJsonInvalid "content_json_invalid" Content Degraded;
    /// A JSON value differs, or is one that means failure.
    ContentJsonAssertion "content_json_assertion" Content Degraded;
    /// A header, DNS answer, banner or version differs.
    ContentAssertion "content_assertion" Content Degraded;

    /// Too many requests.
    BlockedRateLimited "blocked_rate_limited" Blocked Blocked;
    /// A challenge or CAPTCHA.
    BlockedChallenge "blocked_challenge" Blocked Blocked;
    /// A consent wall.
    BlockedConsent "blocked_consent" Blocked Blocked;
    /// A login wall.
    BlockedLogin "blocked_login" Blocked Blocked;
    /// 401, 403 or 451 without a failure marker.
    BlockedDenied "blocked_denied" Blocked Blocked;
}

impl Reason {
    /// No complete answer came: name, connection, TLS, or an HTTP exchange that broke off.
    pub const fn is_transport(self) -> bool {
        match self.stage() {
            Stage::Dns | Stage::Tcp | Stage::Tls | Stage::Quic => true,
            Stage::Http => !matches!(
                self,
                Self::HttpStatus4xx
                    | Self::HttpStatus5xx
                    | Self::HttpStatusOther
                    | Self::HttpRedirectInvalid
                    | Self::HttpRedirectLoop
            ),
            Stage::Ws => matches!(self, Self::WsTimeout | Self::WsClosed),
            _ => false,
        }
    }

    /// A broken network of our own looks like this too, so it is local while the controls fail: every lookup, connection
    /// and handshake failure, and every timeout, reset or close.
    pub const fn could_be_ours(self) -> bool {
        matches!(
            self.stage(),
            Stage::Dns | Stage::Tcp | Stage::Tls | Stage::Quic
        ) || matches!(
            self,
            Self::HttpHeadersTimeout
                | Self::HttpBodyTimeout
                | Self::HttpEmptyReply
                | Self::HttpTruncated
                | Self::HttpReset
                | Self::WsTimeout
                | Self::WsClosed
        )
    }

    /// The answer only misses an expectation: degraded where trust is `once_proven`, fail where it is `always`.
    /// Whether a particular result is one is decided where it is classified, since a rule may name a reason.
    pub const fn is_mismatch(self) -> bool {
        matches!(
            self,
            Self::HttpStatus4xx
                | Self::HttpStatusOther
                | Self::HttpRedirectInvalid
                | Self::WsUpgrade
                | Self::WsProtocol
                | Self::WsClosed
                | Self::TlsAlpn
                | Self::DnsNoAnswer
                | Self::ContentMarkerMissing
                | Self::ContentJsonInvalid
                | Self::ContentJsonAssertion
                | Self::ContentAssertion
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_a_label_is_its_stage() {
        for reason in Reason::ALL {
            let prefix = reason.label().split('_').next().unwrap();
            assert_eq!(
                prefix,
                format!("{:?}", reason.stage()).to_lowercase(),
                "{}",
                reason.label()
            );
        }
    }
}
