//! Clients that mean no good, and more of them than there is room for: they get nothing, and the others are served.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cmgateway::proxy::ConnectionPointOptions;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::running_gateway::{RunningGateway, has_curl, path};
use http_body_util::Full;
use hyper::Request;
use hyper::body::{Body, Frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// Everything that comes until the other end closes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A peer that closes without a word still leaves what came before.
    let closed = timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(closed.is_ok(), "the connection stays open after {text:?}");
    text
}

/// Waits until this is so.
async fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "it does not come to be so");
        sleep(Duration::from_millis(10)).await;
    }
}

/// One connection: these bytes, and everything that comes back.
async fn say(client: &GatewayClient, bytes: &[u8]) -> String {
    let mut stream = client.raw().await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_a_request_is_never_served() {
    let gateway = RunningGateway::start().await;
    let client = gateway.client(&gateway.pki.client);
    let echo = path("SMS_MP/echo");
    let hidden = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nX: ", path("SMS_MP/hidden"));
    let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    let both = |first: &str, second: &str, body: &str| {
        format!("POST {echo} HTTP/1.1\r\nHost: localhost\r\n{first}\r\n{second}\r\n\r\n{body}")
    };
    let length = format!("Content-Length: {}", 5 + hidden.len());
    let ends_early = format!("0\r\n\r\n{hidden}\r\n\r\n");
    for (what, text) in [
        ("length, then chunks", both(&length, "Transfer-Encoding: chunked", &ends_early)),
        ("chunks, then length", both("Transfer-Encoding: chunked", &length, &ends_early)),
        ("a length too short", both("Content-Length: 4", "Transfer-Encoding: chunked", &chunk)),
        ("two lengths", both("Content-Length: 3", &length, &ends_early)),
        ("a list of lengths", both("Content-Length: 3, 90", "X: y", &ends_early)),
        ("a signed length", both("Content-Length: +3", "X: y", &ends_early)),
        ("a length that overflows", both("Content-Length: 18446744073709551619", "X: y", &ends_early)),
        ("a coding nobody knows", both("Transfer-Encoding: xchunked", &length, &ends_early)),
        ("chunked, but not last", both("Transfer-Encoding: chunked, identity", &length, &ends_early)),
        ("a space before the colon", both("Transfer-Encoding : chunked", &length, &ends_early)),
        ("a vertical tab", both("Transfer-Encoding:\x0bchunked", &length, &ends_early)),
        ("a folded line", both("X: y\r\n Transfer-Encoding: chunked", &length, &ends_early)),
        ("a bare carriage return", both("X: y\rTransfer-Encoding: chunked", &length, &ends_early)),
        (
            "a chunk size that overflows",
            both("Transfer-Encoding: chunked", "X: y", &format!("10000000000000003\r\n{ends_early}")),
        ),
        (
            "a chunk size with a sign",
            both("Transfer-Encoding: chunked", "X: y", &format!("-1\r\n{ends_early}")),
        ),
        ("two hosts", both("Host: other", "X: y", &ends_early)),
        (
            "chunks in HTTP/1.0",
            both("Transfer-Encoding: chunked", &length, &ends_early)
                .replace("HTTP/1.1\r\nHost: l", "HTTP/1.0\r\nHost: l"),
        ),
    ] {
        println!("{what}");
        let answers = say(&client, text.as_bytes()).await;
        assert_eq!(gateway.inside.count("/SMS_MP/hidden"), 0, "{what}: {answers}");
        let heads = answers.lines().filter(|line| line.starts_with("HTTP/1.")).count();
        assert!(heads <= 1, "{what}: {answers}");
    }
    // The same hidden request is served where it stands for itself.
    let open = format!("{hidden}y\r\nConnection: close\r\n\r\n");
    assert!(say(&client, open.as_bytes()).await.starts_with("HTTP/1.1 200"));
    assert_eq!(gateway.inside.count("/SMS_MP/hidden"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_for_another_host_does_not_leave_the_gateway() {
    let gateway = RunningGateway::start().await;
    let client = gateway.client(&gateway.pki.client);
    let target = format!("http://elsewhere.example:1{}", path("SMS_MP/x"));
    let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = say(&client, text.as_bytes()).await;
    // The path alone says where it goes (RFC 9112, 3.2.2).
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(gateway.inside.count("/SMS_MP/x"), 1);
    for target in ["elsewhere.example:443", "*"] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = say(&client, text.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{target}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_have_a_size() {
    let gateway = RunningGateway::start().await;
    let client = gateway.client(&gateway.pki.client);
    let head = |more: &str| {
        format!("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n", path("SMS_MP/x"))
    };
    let fits = head(&format!("X: {}\r\n", "y".repeat(16 << 10)));
    assert!(say(&client, fits.as_bytes()).await.starts_with("HTTP/1.1 200"));
    let long = head(&format!("X: {}\r\n", "y".repeat(200 << 10)));
    let many = head(&"X: y\r\n".repeat(5_000));
    for text in [long, many] {
        let mut stream = client.raw().await.unwrap();
        let _ = stream.write_all(text.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert_eq!(gateway.inside.count("/SMS_MP/x"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_size_where_the_mapping_says_one() {
    let limited = |options: &mut ConnectionPointOptions| {
        options.mappings[0].published.request_body_bytes_max = Some(100_000);
    };
    let gateway = RunningGateway::start_with(|_, _| {}, |_, options| limited(options)).await;
    let client = gateway.client(&gateway.pki.client);
    let head = |how: &str| {
        format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{how}\r\n\r\n",
            path("SMS_MP/count")
        )
    };
    let chunks = |count: usize| format!("2710\r\n{}\r\n", "x".repeat(10_000)).repeat(count) + "0\r\n\r\n";
    let fits = head("Transfer-Encoding: chunked") + &chunks(10);
    assert!(say(&client, fits.as_bytes()).await.ends_with("100000"));
    assert_eq!(gateway.inside.count("/SMS_MP/count"), 1);
    // Told before any of it is sent, so that nothing comes inside.
    let answer = say(&client, head("Content-Length: 100001").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 CMGService_Content_Too_Large\r\n"), "{answer}");
    assert_eq!(gateway.inside.count("/SMS_MP/count"), 1);
    // Noticed while it comes: what began looked well.
    let mut stream = client.raw().await.unwrap();
    let begins = head("Transfer-Encoding: chunked") + "1\r\nx\r\n";
    stream.write_all(begins.as_bytes()).await.unwrap();
    until(|| gateway.inside.count("/SMS_MP/count") == 2).await;
    let _ = stream.write_all(chunks(10).as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 CMGService_Content_Too_Large\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_still_sends_when_refused_gets_the_answer() {
    let gateway = RunningGateway::start().await;
    let mut stream = gateway.client(&gateway.pki.client).raw().await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
        path("SMS_Unpublished/x")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    // Refused by now; on a connection that is reset this would break off.
    for _ in 0..10 {
        stream.write_all(&[b'x'; 100_000]).await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 404 CMGService_Not_Found\r\n"), "{answer}");
    assert_eq!(gateway.instance.state().connections, 1, "it waits for the client to go");
    drop(stream);
    until(|| gateway.instance.state().connections == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_both_ways() {
    let gateway = RunningGateway::start().await;
    let client = gateway.client(&gateway.pki.client);
    let text = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: TE, close\r\nTrailer: x-sum\r\n\
         Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n",
        path("SMS_MP/trailers")
    );
    let answer = say(&client, text.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\nx-sum: 42\r\n"), "{answer}");
}

/// Limits of a second, so that the test need not wait.
async fn impatient() -> RunningGateway {
    let short = Duration::from_secs(1);
    RunningGateway::start_with(
        |_, options| {
            (options.limits.head, options.limits.stall, options.limits.handshake) = (short, short, short);
        },
        |_, _| {},
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_drop_by_drop_is_cut_off() {
    let gateway = impatient().await;
    let mut good = gateway.client(&gateway.pki.client);
    let mut head = good.raw().await.unwrap();
    let mut body = good.raw().await.unwrap();
    let silent_tcp = tokio::net::TcpStream::connect(gateway.instance.addresses()[0]).await.unwrap();
    let start = format!("POST {} HTTP/1.1\r\nHost: localhost\r\n", path("SMS_MP/count"));
    body.write_all(format!("{start}Content-Length: 100\r\n\r\n12345").as_bytes()).await.unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    let mut bytes = start.bytes().cycle();
    let mut written = 0;
    while Instant::now() < until {
        written += usize::from(head.write_all(&[bytes.next().unwrap()]).await.is_ok());
        assert_eq!(good.get(&path("SMS_MP/x")).await.unwrap().0, 200);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(written >= 5, "{written}");
    // Closed by now: nothing is waited for.
    for stream in [&mut head, &mut body] {
        let answer = rest(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let state = gateway.instance.state();
    assert_eq!((state.open_requests, state.connections), (0, 1), "{state:?}");
    assert!(
        gateway.instance.metrics().contains("cmgateway_stalled_total 2"),
        "{}",
        gateway.instance.metrics()
    );
    drop(silent_tcp);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_nobody() {
    let gateway = impatient().await;
    let mut stalled = Vec::new();
    for _ in 0..40 {
        let mut stream = gateway.client(&gateway.pki.client).raw().await.unwrap();
        let text = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path("SMS_MP/bytes?n=60000000"));
        stream.write_all(text.as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    let mut good = gateway.client(&gateway.pki.client);
    for _ in 0..3 {
        let (status, body) = good.get(&path("SMS_MP/bytes?n=5000000")).await.unwrap();
        assert_eq!((status, body.len()), (200, 5_000_000));
    }
    let until = Instant::now() + Duration::from_secs(20);
    while gateway.instance.state().connections > 1 {
        assert!(Instant::now() < until, "{:?}", gateway.instance.state());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(gateway.instance.state().open_requests, 0);
}

/// A body that does not come.
struct NeverSent;

impl Body for NeverSent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_pings_and_takes_or_sends_nothing_is_cut_off() {
    let gateway = impatient().await;
    let client = gateway.client(&gateway.pki.client);
    let get = |rest: &str| Request::get(path(rest)).body(Full::<Bytes>::default()).unwrap();
    // Longer than its window, which nobody opens.
    let mut takes_nothing = client.http2().await.unwrap();
    let answer = takes_nothing.send_request(get("SMS_MP/bytes?n=60000000")).await.unwrap();
    // Never a byte of its body.
    let mut sends_nothing = client.http2().await.unwrap();
    let request = Request::post(path("SMS_MP/count")).body(NeverSent).unwrap();
    let waits = tokio::spawn(sends_nothing.send_request(request));
    // Waits for its answer: nothing is wrong with that.
    let mut holds = client.http2().await.unwrap();
    assert_eq!(holds.send_request(get("SMS_MP/hold?ms=4000")).await.unwrap().status(), 200);
    assert!(!holds.is_closed());
    assert!(waits.await.unwrap().is_err());
    assert!(takes_nothing.is_closed());
    drop(answer);
    // The head of an answer is there before the instance has let go of its end.
    until(|| {
        let state = gateway.instance.state();
        (state.open_requests, state.connections) == (0, 1)
    })
    .await;
    let metrics = gateway.instance.metrics();
    assert!(metrics.contains("cmgateway_stalled_total 2"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_answers_pings_is_idle() {
    let gateway =
        RunningGateway::start_with(|_, options| options.limits.idle = Duration::from_secs(2), |_, _| {})
            .await;
    let mut client = gateway.client(&gateway.pki.client).http2().await.unwrap();
    let request = Request::get(path("SMS_MP/x")).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(client.send_request(request).await.unwrap().status(), 200);
    until(|| client.is_closed() && gateway.instance.state().connections == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_no_stop() {
    let gateway = impatient().await;
    let mut stalled = gateway.client(&gateway.pki.client).raw().await.unwrap();
    let text = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path("SMS_MP/bytes?n=60000000"));
    stalled.write_all(text.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(gateway.instance.state().open_requests, 1);
    let began = Instant::now();
    gateway.instance.stop().await;
    // Half a minute is what open requests may have, and this one has stalled after a second.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_limits_the_answer_is_503_and_when_to_come_again() {
    let gateway = RunningGateway::start_with(
        |_, options| (options.limits.requests, options.limits.requests_per_client) = (3, 2),
        |_, _| {},
    )
    .await;
    let second = gateway.pki.client_of(&gateway.pki.sub_ca, "second-client");
    let third = gateway.pki.client_of(&gateway.pki.sub_ca, "third-client");
    let hold = |owner| {
        let mut client = gateway.client(owner);
        tokio::spawn(async move { client.get(&path("SMS_MP/hold?ms=3000")).await })
    };
    let mut held = vec![hold(&gateway.pki.client), hold(&gateway.pki.client)];
    until(|| gateway.instance.state().open_requests == 2).await;
    let ask = async |owner| {
        let request =
            Request::get(path("SMS_MP/x")).header("host", "localhost").body(Full::<Bytes>::default());
        gateway.client(owner).send(request.unwrap()).await.unwrap()
    };
    let own = ask(&gateway.pki.client).await;
    assert_eq!((own.status().as_u16(), own.body().as_ref()), (503, &b"CMGService_Busy"[..]));
    assert_eq!(own.headers()["retry-after"], "5");
    assert_eq!(ask(&second).await.status(), 200, "another client has room");
    held.push(hold(&second));
    until(|| gateway.instance.state().open_requests == 3).await;
    assert_eq!(ask(&third).await.status(), 503, "the gateway is full");
    for each in held {
        assert_eq!(each.await.unwrap().unwrap().0, 200);
    }
    assert_eq!(ask(&third).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_above_the_limit_wait_their_turn() {
    let gateway = RunningGateway::start_with(|_, options| options.limits.connections = 4, |_, _| {}).await;
    let mut clients: Vec<_> = (0..2).map(|_| gateway.client(&gateway.pki.client)).collect();
    for client in &mut clients {
        assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    }
    // The two connections of the tunnel came over the same address.
    let mut waiting = gateway.client(&gateway.pki.client);
    assert!(timeout(Duration::from_millis(700), waiting.get(&path("SMS_MP/x"))).await.is_err());
    assert_eq!(clients[0].get(&path("SMS_MP/x")).await.unwrap().0, 200, "those inside are served");
    clients.pop();
    let mut late = gateway.client(&gateway.pki.client);
    assert_eq!(timeout(Duration::from_secs(10), late.get(&path("SMS_MP/x"))).await.unwrap().unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_handshakes_leaves_room_for_live_traffic() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let mut good = gateway.client(&gateway.pki.client);
    assert_eq!(good.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    let storm: Vec<_> = (0..300)
        .map(|number| {
            let client = gateway.client(&gateway.pki.client);
            let address = gateway.instance.addresses()[0];
            tokio::spawn(async move {
                if number % 3 == 0 {
                    // No TLS at all.
                    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
                    let _ = socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
                    let _ = timeout(Duration::from_secs(20), socket.read(&mut [0; 64])).await;
                    return;
                }
                drop(client.raw().await);
            })
        })
        .collect();
    let mut served = 0;
    while storm.iter().any(|each| !each.is_finished()) {
        assert_eq!(good.get(&path("SMS_MP/x")).await.unwrap().0, 200);
        served += 1;
    }
    assert!(served > 0);
    for each in storm {
        each.await.unwrap();
    }
    assert_eq!(gateway.get("SMS_MP/x", &[]).await.status, 200);
}
