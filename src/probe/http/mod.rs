//! The http kind: requests over HTTP/1.1 or HTTP/2 on our own connection, redirects under our own control.

pub(super) mod body;
pub(super) mod connection;
mod decode;
mod errors;
pub(super) mod head;
mod inline;
pub(super) mod metered;
pub(super) mod redirect;
pub(super) mod request;
mod zstd;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use hyper::body::Incoming;
use hyper::{Method, Response, StatusCode};
use url::Url;

use super::classify::{self, Answer, signs};
use super::dial::{Context, Failure};
use super::escape::escape;
use super::failure::{Class, Reason};
use super::judge;
use super::observation::Outcome;
use super::trace::Step;
use crate::config::{HttpTarget, TlsOptions};
use body::Body;
use connection::Connection;
use request::Outgoing;

/// Asks, follows redirects, reads, and judges.
pub(super) async fn run(cx: &Context<'_>, target: &HttpTarget) -> Outcome {
    match walk(cx, target).await {
        Ok(answer) => classify::classify(cx.check, &answer),
        Err(Ended::Failed(failure)) => judge::outcome(cx.check, failure),
        Err(Ended::Decided(outcome)) => outcome,
    }
}

/// Why there is no answer to judge.
enum Ended {
    Failed(Failure),
    Decided(Outcome),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn walk(cx: &Context<'_>, target: &HttpTarget) -> Result<Answer, Ended> {
    let mut walk = Walk::start(cx, target).await?;
    loop {
        let (mut connection, mut response) = walk.exchange().await?;
        let Some(to) = walk.note_redirect(&response) else {
            return Ok(walk.read(&mut connection, &mut response).await?);
        };
        if let Some(answer) = walk.stops_here(&mut connection, &mut response).await? {
            return Ok(answer);
        }
        let to = to.map_err(|why| Ended::Decided(malformed(why)))?;
        walk.follow(response.status(), to)?;
    }
}

/// A run on its way from redirect to redirect.
struct Walk<'a> {
    cx: &'a Context<'a>,
    target: &'a HttpTarget,
    request: Outgoing,
    /// Where redirects led, the one at hand included.
    redirects: Vec<Url>,
    /// What was asked so far.
    asked: Vec<(Method, Url)>,
}

impl<'a> Walk<'a> {
    async fn start(cx: &'a Context<'a>, target: &'a HttpTarget) -> Result<Self, Failure> {
        let (method, body) = (target.method.clone(), target.body.clone());
        let request = Outgoing::new(cx, method, &target.url, &target.headers, body).await?;
        let asked = vec![(request.method.clone(), request.url.clone())];
        Ok(Self {
            cx,
            target,
            request,
            redirects: Vec::new(),
            asked,
        })
    }

    async fn exchange(&self) -> Result<(Connection, Response<Incoming>), Failure> {
        let tls = tls_for(self.target, &self.request.url);
        let done = exchange(self.cx, self.target, &tls, &self.request).await;
        done.map_err(|failure| {
            if self.redirects.is_empty() {
                failure
            } else {
                behind_redirect(failure, &self.request.url)
            }
        })
    }

    /// Where a redirect that may be followed leads; none: the answer is no such redirect.
    fn note_redirect(
        &mut self,
        response: &Response<Incoming>,
    ) -> Option<Result<Url, &'static str>> {
        if !redirect::asks(response.status().as_u16()) {
            return None;
        }
        let to = redirect::target(response.headers(), &self.request.url);
        self.redirects.extend(to.as_ref().ok().cloned());
        (self.target.max_redirects > 0).then_some(to)
    }

    /// The redirect at hand, where it is the answer: a rule speaks of it, or it leads to a wall.
    async fn stops_here(
        &self,
        connection: &mut Connection,
        response: &mut Response<Incoming>,
    ) -> Result<Option<Answer>, Failure> {
        let check = self.cx.check;
        if check.rules.iter().any(classify::speaks_of_redirects) {
            let answer = self.read(connection, response).await?;
            if classify::rule_wants_redirect(check, &answer) {
                return Ok(Some(answer));
            }
        }
        let leads_to_wall = |to| signs::wall(check, to).is_some();
        let wall = check.block_signs && self.redirects.last().is_some_and(leads_to_wall);
        Ok(wall.then(|| {
            self.compose(
                response,
                Body {
                    bytes: Vec::new(),
                    cut: false,
                },
            )
        }))
    }

    fn follow(&mut self, status: StatusCode, to: Url) -> Result<(), Failure> {
        redirect::allowed(&self.request.url, &to).map_err(|why| invalid(why, &to))?;
        let limit = self.target.max_redirects;
        if self.redirects.len() > limit {
            return Err(looped(&format!("more than {limit} redirects")));
        }
        self.request.follow(status, to);
        let step = (self.request.method.clone(), self.request.url.clone());
        if self.asked.contains(&step) {
            return Err(looped(&format!("{} was asked before", step.1)));
        }
        self.asked.push(step);
        Ok(())
    }

    async fn read(
        &self,
        connection: &mut Connection,
        response: &mut Response<Incoming>,
    ) -> Result<Answer, Failure> {
        let body = body::read(connection, response, self.target.body_limit).await?;
        self.cx
            .trace
            .hop(|hop| hop.body_start = escape(&body.bytes, body::SHOWN));
        Ok(self.compose(response, body))
    }

    fn compose(&self, response: &Response<Incoming>, body: Body) -> Answer {
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: body.bytes,
            cut: body.cut,
            redirects: self.redirects.clone(),
            elapsed: self.cx.trace.elapsed(),
        }
    }
}

/// One request and the head of its answer. A server that would not take the stream is asked once more, on a new
/// connection: it promises that it did nothing (RFC 9113, section 8.7).
async fn exchange(
    cx: &Context<'_>,
    target: &HttpTarget,
    tls: &TlsOptions,
    request: &Outgoing,
) -> Result<(Connection, Response<Incoming>), Failure> {
    match attempt(cx, target, tls, request).await {
        Err(failure) if failure.reason == Reason::HttpRefused => {
            attempt(cx, target, tls, request).await
        }
        done => done,
    }
}

async fn attempt(
    cx: &Context<'_>,
    target: &HttpTarget,
    tls: &TlsOptions,
    request: &Outgoing,
) -> Result<(Connection, Response<Incoming>), Failure> {
    cx.trace.begin_hop(request.hop());
    let (stream, version) = connection::open(cx, &request.url, tls, target.version).await?;
    let outgoing = request.build(version)?;
    cx.trace.enter(Step::Head);
    let mut connection = Connection::start(stream, version).await?;
    let response = connection
        .send(outgoing)
        .await
        .map_err(|failure| unless_signs_are_on(cx, failure))?;
    cx.trace.enter(Step::Body);
    head::record(cx.trace, &response);
    Ok((connection, response))
}

/// ENHANCE_YOUR_CALM is a block sign like any other.
fn unless_signs_are_on(cx: &Context<'_>, failure: Failure) -> Failure {
    let refusal = failure.reason.class() == Class::Blocked;
    if refusal && !cx.check.block_signs {
        Failure {
            reason: Reason::HttpProtocol,
            ..failure
        }
    } else {
        failure
    }
}

/// Name and client certificate are meant for the check's own host alone.
fn tls_for(target: &HttpTarget, url: &Url) -> TlsOptions {
    let own = target.tls.clone();
    if url.host() == target.url.host() {
        return own;
    }
    TlsOptions {
        server_name: None,
        cert_file: None,
        key_file: None,
        ..own
    }
}

/// A redirect to where we do not go is the redirect's fault.
fn behind_redirect(failure: Failure, url: &Url) -> Failure {
    match failure.reason {
        Reason::DnsBogon | Reason::LocalPolicy => invalid(&failure.detail, url),
        Reason::LocalConfig => invalid("a redirect to an address that cannot be asked", url),
        _ => failure,
    }
}

fn looped(why: &str) -> Failure {
    Failure::new(Reason::HttpRedirectLoop, why)
}

fn invalid(why: &str, to: &Url) -> Failure {
    Failure::new(Reason::HttpRedirectInvalid, format!("{why}: {to}"))
}

/// A redirect to nowhere is a fault, not only something unexpected.
fn malformed(why: &str) -> Outcome {
    Outcome {
        class: Class::Fail,
        reason: Reason::HttpRedirectInvalid,
        needs_proof: false,
        detail: why.to_owned(),
    }
}
