//! Redirects: followed, refused, judged.

use super::*;

#[tokio::test]
async fn a_redirect_can_be_the_answer() {
    let redirect =
        "HTTP/1.1 301 X\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
    let none = ask(redirect, Then::Fin, |check| http(check).max_redirects = 0).await;
    assert_eq!(none.outcome.reason, Reason::HttpStatusOther);
    let by_target = ask(redirect, Then::Fin, |check| {
        check.rules = vec![Rule {
            redirect_to: Some("elsewhere".parse().unwrap()),
            ..rule(Class::Ok)
        }];
    })
    .await;
    assert_eq!(
        by_target.outcome.reason,
        Reason::Ok,
        "{}",
        by_target.outcome.detail
    );
    let by_status = ask("HTTP/1.1 302 X\r\n\r\n", Then::Fin, |check| {
        check.rules = vec![Rule {
            status: Some(vec![StatusMatch::Hundred(3)]),
            ..rule(Class::Ok)
        }];
    })
    .await;
    assert_eq!(
        by_status.outcome.reason,
        Reason::Ok,
        "{}",
        by_status.outcome.detail
    );
}

#[tokio::test]
async fn redirects_are_followed_within_bounds() {
    let (address, heads) = site(&[
        ("/one", "302 X\r\nLocation: /two#x\r\n"),
        ("/two", "307 X\r\nLocation: ./three\r\n"),
        ("/three", "200 X\r\n"),
        ("/a", "302 X\r\nLocation: /b\r\n"),
        ("/b", "302 X\r\nLocation: /a\r\n"),
    ])
    .await;
    let at = |path: &str, limit| {
        let mut check = check(Kind::Http(get(&format!("http://{address}{path}"))));
        http(&mut check).max_redirects = limit;
        check.trust = Trust::OnceProven;
        check
    };
    let followed = run(&at("/one", 2)).await;
    assert_eq!(
        followed.outcome.reason,
        Reason::Ok,
        "{}",
        followed.outcome.detail
    );
    assert_eq!(followed.hops.len(), 3);
    assert_eq!(
        followed.hops[1].request,
        format!("GET http://{address}/two")
    );
    assert_eq!(followed.hops[1].status.as_deref(), Some("HTTP/1.1 307"));
    assert_eq!(followed.hops[2].peer, Some(address));
    let over = run(&at("/one", 1)).await.outcome;
    assert_eq!(
        (over.class, over.reason),
        (Class::Fail, Reason::HttpRedirectLoop)
    );
    assert_eq!(
        run(&at("/a", 9)).await.outcome.reason,
        Reason::HttpRedirectLoop
    );
    assert_eq!(heads.lock().unwrap().len(), 3 + 2 + 2);
}

#[tokio::test]
async fn what_is_secret_stays_with_its_origin() {
    let (other, other_heads) = site(&[("/end", "200 X\r\n")]).await;
    let location = format!("HTTP/1.1 302 X\r\nLocation: http://user:pw@{other}/end\r\n\r\n");
    let run = ask(location, Then::Fin, |check| {
        let target = http(check);
        target.method = hyper::Method::POST;
        target.body = Some("body".into());
        for (name, value) in [
            ("cookie", "c=1"),
            ("content-type", "text/x"),
            ("x-kept", "k"),
            ("host", "name.example"),
        ] {
            target.headers.insert(name, HeaderValue::from_static(value));
        }
        check.credential = Some(Credential {
            name: "t".into(),
            source: CredentialSource::Value(Secret("s3cret".into())),
        });
    })
    .await;
    assert_eq!(run.outcome.reason, Reason::Ok, "{}", run.outcome.detail);
    let head = other_heads.lock().unwrap().remove(0).to_lowercase();
    assert!(head.starts_with("get /end http/1.1"), "{head}");
    assert!(
        head.contains("x-kept: k") && head.contains(&format!("host: {other}")),
        "{head}"
    );
    for gone in [
        "authorization",
        "cookie",
        "content-type",
        "s3cret",
        "user",
        "name.example",
        "content-length",
    ] {
        assert!(
            !head.contains(gone) || gone == "user" && !head.contains("user:"),
            "{gone} in {head}"
        );
    }
    assert!(!format!("{:?}", run.hops).contains("s3cret"));
    assert!(
        run.hops[0]
            .request_headers
            .contains(&("authorization".into(), "<secret>".into()))
    );
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_not_followed() {
    let (private, asked) = site(&[]).await;
    let (public, _) = site(&[]).await;
    let answer = format!("HTTP/1.1 302 X\r\nLocation: http://{private}/latest/meta-data\r\n\r\n");
    let redirecting = serve(move |mut stream| {
        let answer = answer.clone();
        async move {
            read_head(&mut stream).await;
            play(stream, answer.as_bytes(), Then::Fin).await;
        }
    })
    .await;
    let to = |address: std::net::SocketAddr| HostPort {
        host: address.ip().to_string(),
        port: address.port(),
    };
    let rewrite = |host: &str, to| ConnectTo {
        host: Some(host.into()),
        port: None,
        to,
    };
    let connect_to = vec![
        rewrite("a.example", to(redirecting)),
        rewrite("b.example", to(public)),
    ];
    let network = NetworkSettings {
        connect_to,
        ..NetworkSettings::default()
    };
    let mut check = check(Kind::Http(get("http://a.example/")));
    check.trust = Trust::OnceProven;
    let outcome = run_on(network.clone(), &check).await.outcome;
    assert_eq!(
        (outcome.class, outcome.reason),
        (Class::Degraded, Reason::HttpRedirectInvalid),
        "{}",
        outcome.detail
    );
    assert!(outcome.needs_proof);
    assert!(asked.lock().unwrap().is_empty(), "nothing is sent there");
    *http(&mut check) = get(&format!("http://{private}/"));
    assert_eq!(
        run_on(network, &check).await.outcome.reason,
        Reason::LocalPolicy,
        "where it is no redirect's fault"
    );
}
