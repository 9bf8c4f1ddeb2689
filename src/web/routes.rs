//! All routes in one place.

use std::fmt::Write as _;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::reply::{self, Reply};
use super::source::Source;
use super::{api, page};
use crate::metrics::{Format, MetricsBody, Page, accepts_gzip};

/// What the operator allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `POST /-/reload` (`--web.enable-lifecycle`).
    pub lifecycle: bool,
}

/// Everything that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Status,
    Metrics,
    Platforms,
    Healthy,
    Ready,
    Reload,
}

impl Route {
    const ALL: [Self; 6] = [
        Self::Status,
        Self::Metrics,
        Self::Platforms,
        Self::Healthy,
        Self::Ready,
        Self::Reload,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Status => "/",
            Self::Metrics => "/metrics",
            Self::Platforms => "/api/v1/platforms",
            Self::Healthy => "/-/healthy",
            Self::Ready => "/-/ready",
            Self::Reload => "/-/reload",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Status => "status page",
            Self::Metrics => "metrics for Prometheus",
            Self::Platforms => "the verdicts as JSON",
            Self::Healthy => "200 while the scheduler's heart beats",
            Self::Ready => "200 once every check is planned and our own network looked at",
            Self::Reload => "POST: read the configuration again",
        }
    }

    /// The value of `Allow`.
    const fn methods(self) -> &'static str {
        match self {
            Self::Reload => "POST",
            _ => "GET, HEAD",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.methods().split(", ").any(|allowed| method == allowed)
    }
}

/// Answers a request. The answer to HEAD is that to GET: the server leaves the body out. Request bodies are not read.
pub async fn answer<B>(request: &Request<B>, source: &impl Source, options: Options) -> Reply {
    let path = request.uri().path();
    let Some(route) = Route::ALL.into_iter().find(|route| route.path() == path) else {
        return not_found();
    };
    if !route.allows(request.method()) {
        return wrong_method(route);
    }
    match route {
        Route::Status => reply::whole(StatusCode::OK, reply::HTML, page::status(source)),
        Route::Metrics => metrics(request.headers(), source),
        Route::Platforms => reply::whole(StatusCode::OK, reply::JSON, api::platforms(source)),
        Route::Healthy => healthy(source),
        Route::Ready => ready(source),
        Route::Reload => reload(source, options).await,
    }
}

fn metrics(headers: &HeaderMap, source: &impl Source) -> Reply {
    let format = Format::negotiate(&joined(headers, &header::ACCEPT));
    let gzip = accepts_gzip(&joined(headers, &header::ACCEPT_ENCODING));
    let page = Page::new(source.store(), source.report(), source.own(), format);
    let page = page.timed_by(source.times());
    let mut reply = reply::metrics(format.content_type(), MetricsBody::new(page, gzip));
    let headers = reply.headers_mut();
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Encoding"),
    );
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply
}

/// A header that is a list may come in several lines.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    lines.join(",")
}

fn healthy(source: &impl Source) -> Reply {
    match source.healthy() {
        Ok(()) => reply::sentence(StatusCode::OK, "Healthy: the scheduler's heart beats."),
        Err(error) => reply::sentence(
            StatusCode::SERVICE_UNAVAILABLE,
            format_args!("Not healthy: {error}."),
        ),
    }
}

fn ready(source: &impl Source) -> Reply {
    if source.ready() {
        reply::sentence(
            StatusCode::OK,
            "Ready: every check is planned, and our own network has been looked at.",
        )
    } else {
        let text =
            "Not ready: a check is not planned yet, or our own network has not been looked at.";
        reply::sentence(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

async fn reload(source: &impl Source, options: Options) -> Reply {
    if !options.lifecycle {
        let text = "Not allowed: start with --web.enable-lifecycle to reload over HTTP. SIGHUP always works.";
        return reply::sentence(StatusCode::FORBIDDEN, text);
    }
    match source.reload().await {
        Ok(()) => reply::sentence(StatusCode::OK, "Reloaded."),
        Err(errors) => {
            let text = format_args!("Not reloaded, the running configuration stays:\n{errors}");
            reply::sentence(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

fn not_found() -> Reply {
    let mut text = "Not found. There is:\n".to_owned();
    for route in Route::ALL {
        // Writing into memory cannot fail.
        let _ = writeln!(text, "  {:<20}{}", route.path(), route.about());
    }
    reply::whole(StatusCode::NOT_FOUND, reply::TEXT, text)
}

fn wrong_method(route: Route) -> Reply {
    let text = format_args!("{} takes {}.", route.path(), route.methods());
    let mut reply = reply::sentence(StatusCode::METHOD_NOT_ALLOWED, text);
    reply
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(route.methods()));
    reply
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http_body_util::BodyExt;
    use hyper::Response;

    use super::super::fixture::Fake;
    use super::*;

    async fn ask(fake: &Fake, options: Options, request: Request<()>) -> Response<Vec<u8>> {
        let (head, body) = answer(&request, fake, options).await.into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes().to_vec())
    }

    async fn request(fake: &Fake, method: &str, path: &str) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        let reply = ask(fake, Options::default(), request).await;
        (
            reply.status().as_u16(),
            String::from_utf8(reply.into_body()).unwrap(),
        )
    }

    #[tokio::test]
    async fn every_reply_forbids_scripts_and_guessing() {
        for path in [
            "/",
            "/metrics",
            "/api/v1/platforms",
            "/-/healthy",
            "/-/ready",
            "/-/reload",
            "/other",
        ] {
            let reply = ask(
                &Fake::default(),
                Options::default(),
                Request::get(path).body(()).unwrap(),
            )
            .await;
            assert_eq!(
                reply.headers()["x-content-type-options"],
                "nosniff",
                "{path}"
            );
            let policy = reply.headers()["content-security-policy"].to_str().unwrap();
            assert!(
                policy.contains("default-src 'none'") && !policy.contains("script"),
                "{policy}"
            );
            assert!(reply.headers().contains_key("content-type"), "{path}");
        }
    }

    #[tokio::test]
    async fn an_unknown_path_gets_the_list_of_routes() {
        let (status, text) = request(&Fake::default(), "GET", "/metric").await;
        assert_eq!(status, 404);
        for route in Route::ALL {
            assert!(text.contains(&format!("  {} ", route.path())), "{text}");
        }
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        for (method, path, allow) in [
            ("POST", "/metrics", "GET, HEAD"),
            ("DELETE", "/", "GET, HEAD"),
            ("GET", "/-/reload", "POST"),
            ("HEAD", "/-/reload", "POST"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(())
                .unwrap();
            let reply = ask(&Fake::default(), Options::default(), request).await;
            assert_eq!(
                (
                    reply.status().as_u16(),
                    reply.headers()["allow"].to_str().unwrap()
                ),
                (405, allow),
                "{path}"
            );
        }
        assert_eq!(
            request(&Fake::default(), "HEAD", "/metrics?x=y").await.0,
            200
        );
    }

    #[tokio::test]
    async fn health_and_readiness_are_the_engines() {
        let fine = Fake::default();
        assert_eq!(request(&fine, "GET", "/-/healthy").await.0, 200);
        assert_eq!(request(&fine, "GET", "/-/ready").await.0, 200);
        let ill = Fake {
            healthy: Err("no move for 9 s".into()),
            ready: false,
            ..Fake::default()
        };
        let (status, text) = request(&ill, "GET", "/-/healthy").await;
        assert_eq!(
            (status, text.as_str()),
            (503, "Not healthy: no move for 9 s.\n")
        );
        assert_eq!(request(&ill, "GET", "/-/ready").await.0, 503);
    }

    #[tokio::test]
    async fn reload_needs_the_flag_and_tells_every_error() {
        let failing = Fake {
            reload: Err("a.yml:3:4: unknown key".into()),
            ..Fake::default()
        };
        let post = || Request::post("/-/reload").body(()).unwrap();
        let allowed = Options { lifecycle: true };
        let refused = ask(&failing, Options::default(), post()).await;
        assert_eq!(refused.status(), 403);
        assert!(String::from_utf8_lossy(refused.body()).contains("--web.enable-lifecycle"));
        assert_eq!(failing.reloads(), 0, "refused without trying");
        let failed = ask(&failing, allowed, post()).await;
        assert_eq!(failed.status(), 500);
        assert!(String::from_utf8_lossy(failed.body()).contains("a.yml:3:4: unknown key"));
        assert_eq!(ask(&Fake::default(), allowed, post()).await.status(), 200);
        assert_eq!(failing.reloads(), 1);
    }

    #[tokio::test]
    async fn metrics_come_as_asked_for() {
        let fake = Fake::default();
        let plain = Request::get("/metrics").body(()).unwrap();
        let plain = ask(&fake, Options::default(), plain).await;
        assert_eq!(
            plain.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        assert!(!plain.headers().contains_key("content-encoding"));
        assert_eq!(plain.headers()["vary"], "Accept, Accept-Encoding");
        let request = Request::get("/metrics")
            .header("accept", "text/plain;q=0.5")
            .header("accept", "application/openmetrics-text;version=1.0.0")
            .header("accept-encoding", "gzip")
            .body(())
            .unwrap();
        let packed = ask(&fake, Options::default(), request).await;
        assert_eq!(
            packed.headers()["content-type"],
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let mut page = String::new();
        flate2::read::GzDecoder::new(&packed.body()[..])
            .read_to_string(&mut page)
            .unwrap();
        assert!(
            page.ends_with("# EOF\n") && page.contains("platform_up{"),
            "{page}"
        );
    }
}
