//! Official status pages: what they say in health and in trouble.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use platform_exporter::drill::fault::{Fault, Place};
use reqwest::Client;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use super::{Inside, all_on, shipped};

/// A client that finds a host in that internet.
fn browser(inside: &Inside, host: &str) -> (Client, u16) {
    let network = inside.internet.network();
    let mut roots = RootCertStore::empty();
    let pem = CertificateDer::from_pem_file(network.ca_file.unwrap()).unwrap();
    roots.add(pem).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let to = network
        .connect_to
        .iter()
        .find(|rule| rule.host.as_deref() == Some(host))
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], to.to.port));
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .resolve(host, address);
    (client.build().unwrap(), to.to.port)
}

async fn text(inside: &Inside, host: &str, path: &str) -> String {
    let (client, port) = browser(inside, host);
    let url = format!("https://{host}:{port}{path}");
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200, "{host}{path}");
    response.text().await.unwrap()
}

async fn json(inside: &Inside, host: &str, path: &str) -> Value {
    serde_json::from_str(&text(inside, host, path).await).unwrap()
}

const META: &str = "metastatus.com";

/// The ids of Meta's orgs with a service that is not well.
async fn troubled(inside: &Inside) -> Vec<String> {
    let orgs = json(inside, META, "/data/orgs.json").await;
    let orgs = orgs.as_array().unwrap();
    assert_eq!(orgs.len(), 17);
    let well = |service: &Value| service["status"] == "No known issues";
    let ill = orgs
        .iter()
        .filter(|org| !org["services"].as_array().unwrap().iter().all(well));
    ill.map(|org| org["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn metas_page_tells_of_its_products() {
    let inside = Inside::start(&shipped("")).await;
    let official = Place::layer("facebook", "official");
    assert!(troubled(&inside).await.is_empty());
    assert_eq!(
        json(&inside, META, "/data/outages/graph-api.json").await,
        serde_json::json!([])
    );
    inside.strike(&official, Fault::MajorDisruptions);
    assert_eq!(
        troubled(&inside).await,
        ["facebook-login", "graph-api", "marketing-api"]
    );
    let open = json(&inside, META, "/data/outages/facebook-login.json").await;
    assert_eq!(open[0]["status"], "Major disruptions");
    assert_eq!(open[0]["posts"][0]["status"], "Major disruptions");
    let orgs = json(&inside, META, "/data/orgs.json").await;
    let login = orgs
        .as_array()
        .unwrap()
        .iter()
        .find(|org| org["id"] == "facebook-login");
    let service = &login.unwrap()["services"][0];
    assert_eq!(open[0]["service_id"], service["id"]);
    let rss = text(&inside, META, "/outage-events-feed-facebook-login.rss").await;
    assert!(
        rss.contains("<item><title>Facebook Login: Major disruptions</title>"),
        "{rss}"
    );
    let rss = text(&inside, META, "/outage-events-feed-messenger.rss").await;
    assert!(rss.contains("<rss") && !rss.contains("<item>"), "{rss}");

    inside.strike(
        &Place::layer("whatsapp_business", "official"),
        Fault::MajorDisruptions,
    );
    assert!(
        troubled(&inside)
            .await
            .contains(&"whatsapp-business-api".to_owned())
    );
    inside.strike(&official, Fault::Healthy);
    assert_eq!(troubled(&inside).await, ["whatsapp-business-api"]);
    let history = json(&inside, META, "/data/outages/facebook-login.history.json").await;
    assert_eq!(history[0]["status"], "Resolved");
    assert_eq!(history[0]["posts"][1]["status"], "Resolved");
    let metrics = json(
        &inside,
        META,
        "/metrics/whatsapp-business-api/cloudapi_uptime_daily.json",
    )
    .await;
    assert_eq!(metrics["values"][0], 99.97);
    let shell = text(&inside, META, "/no/such/page.json").await;
    assert!(shell.starts_with("<!DOCTYPE html>"), "{shell}");
}

#[tokio::test]
async fn xs_page_has_a_card_for_each_product() {
    let inside = Inside::start(&shipped("")).await;
    let page = text(&inside, "docs.x.com", "/status.md").await;
    assert!(
        page.contains("All systems are operational")
            && page.contains("<Tooltip tip=\"Operational\">")
    );
    inside.strike(&Place::layer("x", "official"), Fault::MajorDisruptions);
    let page = text(&inside, "docs.x.com", "/status.md").await;
    assert!(page.contains("<Tooltip tip=\"Major outage\">") && page.contains("<Step title="));
    assert!(!page.contains("All systems are operational"));
    assert!(troubled(&inside).await.is_empty(), "only X's");
}

#[tokio::test]
async fn statuspages_speak_of_their_own() {
    let inside = Inside::start(&all_on()).await;
    let hosts = [
        "discordstatus.com",
        "www.redditstatus.com",
        "www.linkedin-apistatus.com",
    ];
    for host in hosts {
        let summary = json(&inside, host, "/api/v2/summary.json").await;
        assert_eq!(summary["status"]["indicator"], "none", "{host}");
        assert_eq!(summary["components"][0]["status"], "operational", "{host}");
    }
    inside.strike(
        &Place::layer("discord", "official"),
        Fault::MajorDisruptions,
    );
    let status = json(&inside, hosts[0], "/api/v2/status.json").await;
    assert_eq!(status["status"]["indicator"], "major");
    let components = json(&inside, hosts[0], "/api/v2/components.json").await;
    assert_eq!(components["components"][0]["status"], "major_outage");
    let open = json(&inside, hosts[0], "/api/v2/incidents/unresolved.json").await;
    assert_eq!(open["incidents"][0]["impact"], "major");
    let reddit = json(&inside, hosts[1], "/api/v2/status.json").await;
    assert_eq!(reddit["status"]["indicator"], "none");
}
