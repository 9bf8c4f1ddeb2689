//! What can be struck where, without a running internet.

use platform_exporter::drill::fault::{Fault, Own, Place};
use platform_exporter::drill::internet::{fits, layers};

use super::shipped;

#[test]
fn layers_are_the_platforms_own() {
    let config = shipped("");
    assert_eq!(
        layers(&config, "facebook"),
        [
            "web",
            "login",
            "api",
            "media",
            "dns",
            "all",
            "first_resolver",
            "official"
        ]
    );
    assert_eq!(
        layers(&config, "threads"),
        ["web", "login", "api", "dns", "all", "first_resolver"]
    );
    assert!(layers(&config, "telegram").is_empty(), "it is off");
}

#[test]
fn nonsense_is_refused() {
    let config =
        shipped("platforms: { facebook: {}, whatsapp: {}, x: {}, telegram: {}, youtube: {} }");
    #[rustfmt::skip]
    let rows = [
        ("facebook/media", Fault::GraphCode2, "has no check that looks for 2 at /error/code, which graph_code_2 is"),
        ("x/api", Fault::GraphCode2, "looks for 2"),
        ("facebook/api", Fault::XCode467, "looks for 467"),
        ("facebook/media", Fault::ServerError, "facebook/media has no check that server_error could strike"),
        ("whatsapp/chat_hosts", Fault::Reset, "no check that reset could"),
        ("whatsapp/chat_hosts", Fault::Silent, "no check that silent could"),
        ("whatsapp/chat_hosts", Fault::Slow, "no check that slow could"),
        ("facebook/dns", Fault::Unreachable, "no check that unreachable could"),
        ("facebook/api", Fault::ChatSilent, "no check that chat_silent could"),
        ("telegram/chat/websocket", Fault::ChatSilent, "no check that chat_silent could"), // it awaits nothing
        ("telegram/chat/dc1", Fault::Servfail, "no check that servfail could"), // an address
        ("facebook/login", Fault::MajorDisruptions, "no check that major_disruptions could"),
        ("facebook/official", Fault::GraphCode2, "looks for 2"),
        ("facebook/first_resolver", Fault::Reset, "no check that reset could"),
        ("youtube/official", Fault::MajorDisruptions, "no status page of youtube is known"),
        ("facebook/logon", Fault::Reset, "facebook has no layer `logon`; did you mean `login`?"),
        ("facebook/apps", Fault::Reset, "facebook has no layer `apps`"), // off
        ("facebook/web/back", Fault::Reset, "facebook has no layer `web/back`"),
        ("instagram/web", Fault::Reset, "there is no platform `instagram` that is on"),
        ("facebok/web", Fault::Reset, "did you mean `facebook`?"),
    ];
    for (place, fault, why) in rows {
        let (platform, layer) = place.split_once('/').unwrap();
        let said = fits(&config, &Place::layer(platform, layer), fault).unwrap_err();
        assert!(said.contains(why), "{place} {fault:?}: {said}");
    }
}

#[test]
fn our_own_network_fails_in_its_own_ways() {
    let config = shipped("");
    #[rustfmt::skip]
    let rows = [
        (Own::Gateway, Fault::Unreachable, true),
        (Own::Gateway, Fault::UntrustedCertificate, true),
        (Own::Gateway, Fault::Healthy, true),
        (Own::Gateway, Fault::Servfail, false),
        (Own::Gateway, Fault::Slow, false),
        (Own::Gateway, Fault::ServerError, false),
        (Own::Resolver, Fault::Slow, true),
        (Own::Resolver, Fault::Nxdomain, true),
        (Own::Resolvers, Fault::DnsSilent, true),
        (Own::Resolvers, Fault::Reset, false),
        (Own::Resolvers, Fault::MajorDisruptions, false),
    ];
    for (own, fault, expected) in rows {
        let fits = fits(&config, &Place::Vantage(own), fault);
        assert_eq!(fits.is_ok(), expected, "{own:?} {fault:?}: {fits:?}");
    }
}
