//! Tests with many requests at once that end in every way there is: nobody waits for ever, a part is never taken for the
//! whole, and nothing is left behind.

use std::collections::HashSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;
use tokio::io::{BufReader, duplex};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::drive::Drive;
use super::mux::{Broken, Mux, Reason};
use super::receiving::{Asked, Incoming, TunnelBody, accept};
use super::sending::{Outgoing, ask, send_body};

/// Nothing takes nearly that long.
const PATIENCE: Duration = Duration::from_secs(120);

/// One request.
#[derive(Clone, Debug)]
struct Plan {
    up: usize,
    down: usize,
    is_length_known: bool,
    client: Client,
    server: Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Reads,
    ReadsSlowly,
    /// After so many pieces of the answer.
    Leaves(usize),
    LeavesAtOnce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Answers,
    AnswersUnread,
    Refuses,
    /// After a half of the answer.
    Breaks,
    Leaves,
}

/// What happens to the connection, after so many requests have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    GoesAway(usize),
    IsCut(usize),
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Whole,
    Left,
    NotOpened,
    Failed(Broken),
}

fn plan() -> impl Strategy<Value = Plan> {
    let size = || prop_oneof![Just(0), 1_usize..100, 1_000_usize..70_000, 200_000_usize..600_000];
    let client = prop_oneof![
        4 => Just(Client::Reads),
        1 => Just(Client::ReadsSlowly),
        1 => (0_usize..5).prop_map(Client::Leaves),
        1 => Just(Client::LeavesAtOnce),
    ];
    let server = prop_oneof![
        4 => Just(Server::Answers),
        1 => Just(Server::AnswersUnread),
        1 => Just(Server::Refuses),
        1 => Just(Server::Breaks),
        1 => Just(Server::Leaves),
    ];
    (size(), size(), any::<bool>(), client, server).prop_map(|(up, down, is_length_known, client, server)| {
        Plan { up, down, is_length_known, client, server }
    })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Stays),
        (0_usize..20).prop_map(Fate::GoesAway),
        (0_usize..20).prop_map(Fate::IsCut),
    ]
}

/// A body of so many bytes, each of which tells its place, in pieces of different sizes that are not always there.
struct Pattern {
    place: usize,
    end: usize,
    is_length_known: bool,
    is_late: bool,
}

impl Pattern {
    fn new(bytes: usize, is_length_known: bool) -> Self {
        Pattern { place: 0, end: bytes, is_length_known, is_late: false }
    }
}

fn byte(place: usize) -> u8 {
    (place % 251) as u8
}

impl Body for Pattern {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.is_late = !self.is_late;
        if self.is_late && self.place.is_multiple_of(3) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.place == self.end {
            return Poll::Ready(None);
        }
        let next = self.end.min(self.place + 1 + self.place * 7 % 40_000);
        let piece: Vec<u8> = (self.place..next).map(byte).collect();
        self.place = next;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_length_known && self.place == self.end
    }

    fn size_hint(&self) -> SizeHint {
        let left = (self.end - self.place) as u64;
        if self.is_length_known { SizeHint::with_exact(left) } else { SizeHint::default() }
    }
}

/// Takes a body to its end, or so many pieces of it; how many bytes came, and whether that was all.
async fn take(incoming: Incoming, pieces: usize, is_slow: bool) -> Result<(usize, bool), Broken> {
    let mut body = TunnelBody::new(incoming, Arc::default(), ());
    let mut place = 0;
    for _ in 0..pieces {
        let Some(frame) = body.frame().await else { return Ok((place, true)) };
        let bytes = frame?.into_data().expect("no trailers are sent");
        for found in bytes {
            assert_eq!(found, byte(place), "at {place}");
            place += 1;
        }
        if is_slow {
            sleep(Duration::from_millis(1)).await;
        }
    }
    Ok((place, false))
}

type Uploads = Arc<Mutex<JoinSet<bool>>>;

async fn client(mux: Arc<Mux>, uploads: Uploads, number: usize, plan: Plan) -> Outcome {
    let path = PathAndQuery::try_from(format!("/{number}")).unwrap();
    let has_body = plan.up > 0 || !plan.is_length_known;
    let Some((incoming, outgoing)) = ask(&mux, &Method::POST, &path, &HeaderMap::new(), has_body) else {
        return Outcome::NotOpened;
    };
    if let Some(outgoing) = outgoing {
        let body = Pattern::new(plan.up, plan.is_length_known);
        uploads
            .lock()
            .unwrap()
            .spawn(async move { send_body(body, outgoing, &AtomicU64::new(0)).await.is_ok() });
    }
    let pieces = match plan.client {
        Client::LeavesAtOnce => return Outcome::Left,
        Client::Leaves(pieces) => pieces,
        Client::Reads | Client::ReadsSlowly => usize::MAX,
    };
    let answer = match incoming.answer().await {
        Ok(answer) => answer,
        Err(broken) => return Outcome::Failed(broken),
    };
    match take(answer.into_body(), pieces, plan.client == Client::ReadsSlowly).await {
        Ok((bytes, true)) => {
            assert_eq!(bytes, plan.down, "a part was taken for the whole");
            Outcome::Whole
        }
        Ok(_) => Outcome::Left,
        Err(broken) => Outcome::Failed(broken),
    }
}

async fn answer(mut respond: Outgoing, plan: &Plan, bytes: usize) {
    let is_empty = plan.down == 0 && plan.is_length_known;
    if respond.answer(StatusCode::OK, &HeaderMap::new(), is_empty).is_ok() && !is_empty {
        if bytes < plan.down {
            let _ = respond.send(Pattern::new(bytes, true).collect().await.unwrap().to_bytes()).await;
            return;
        }
        let _ = send_body(Pattern::new(bytes, plan.is_length_known), respond, &AtomicU64::new(0)).await;
    }
}

async fn serve(asked: Asked, plan: Plan) {
    let Asked { request, mut respond, .. } = asked;
    match plan.server {
        Server::Answers => {
            let received = take(request.into_body(), usize::MAX, false).await;
            // Where the client gave up or the connection is gone, there is nothing to say.
            if let Ok((bytes, true)) = received {
                assert_eq!(bytes, plan.up, "a part was taken for the whole");
                answer(respond, &plan, plan.down).await;
            }
        }
        Server::AnswersUnread => answer(respond, &plan, plan.down).await,
        Server::Refuses => respond.reset(Reason::Refused),
        Server::Breaks => answer(respond, &plan, plan.down / 2).await,
        Server::Leaves => {}
    }
}

/// Runs all of them at once over a way that takes so many bytes at a time, and that both ends hold to be this long.
async fn run(plans: &[Plan], fate: Fate, capacity: usize, round_trip: Duration) {
    let (near, far) = duplex(capacity);
    let (asking, answering) = (Mux::new(), Mux::new());
    asking.round_trip.seen(round_trip);
    answering.round_trip.seen(round_trip);
    let drivers = [
        tokio::spawn(Drive::asking(BufReader::with_capacity(16 << 10, near), Arc::clone(&asking))),
        tokio::spawn(Drive::answering(BufReader::with_capacity(16 << 10, far), Arc::clone(&answering))),
    ];
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let acceptor = tokio::spawn({
        let (plans, seen, answering) = (plans.to_vec(), Arc::clone(&seen), Arc::clone(&answering));
        let cut = drivers[1].abort_handle();
        async move {
            let mut served = JoinSet::new();
            let mut arrived = 0;
            loop {
                match fate {
                    Fate::GoesAway(after) if after == arrived => answering.go_away(),
                    Fate::IsCut(after) if after == arrived => cut.abort(),
                    _ => {}
                }
                let Some(asked) = accept(&answering).await else { break };
                arrived += 1;
                let number: usize = asked.request.uri().path()[1..].parse().unwrap();
                assert!(seen.lock().unwrap().insert(number), "{number} arrived twice");
                served.spawn(serve(asked, plans[number].clone()));
            }
            served.join_all().await;
        }
    });
    let (mut clients, uploads) = (JoinSet::new(), Uploads::default());
    for (number, plan) in plans.iter().cloned().enumerate() {
        let (mux, uploads) = (Arc::clone(&asking), Arc::clone(&uploads));
        clients.spawn(async move { (number, client(mux, uploads, number, plan).await) });
    }
    let ended = timeout(PATIENCE, clients.join_all()).await.expect("a client waits for ever");
    let seen_at_end = seen.lock().unwrap().clone();
    for (number, outcome) in ended {
        let plan = &plans[number];
        let is_whole = plan.server != Server::Breaks || plan.down == 0;
        match outcome {
            Outcome::Whole => assert!(is_whole, "{number}: {plan:?}"),
            Outcome::Left => assert!(matches!(plan.client, Client::Leaves(_) | Client::LeavesAtOnce)),
            Outcome::NotOpened => assert_ne!(fate, Fate::Stays, "{number}: {plan:?}"),
            Outcome::Failed(Broken::NotDone) => {
                let was_done = seen_at_end.contains(&number) && plan.server != Server::Refuses;
                assert!(!was_done, "{number} was done: {plan:?}");
            }
            Outcome::Failed(broken) => {
                let is_served = matches!(plan.server, Server::Answers | Server::AnswersUnread);
                assert!(!is_served || matches!(fate, Fate::IsCut(_)), "{number}: {broken:?}: {plan:?}");
            }
        }
    }
    let uploads = std::mem::take(&mut *uploads.lock().unwrap());
    timeout(PATIENCE, uploads.join_all()).await.expect("an upload waits for ever");
    if fate == Fate::Stays {
        // The other end hears of what was left.
        let is_empty = || [&asking, &answering].iter().all(|mux| mux.left() == (0, 0));
        let emptied = timeout(PATIENCE, async {
            while !is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        emptied.await.expect("something is left");
    }
    // Where it is not over already.
    answering.go_away();
    timeout(PATIENCE, acceptor).await.expect("the acceptor waits for ever").unwrap();
    for driver in drivers {
        let ended = timeout(PATIENCE, driver).await.expect("a driver waits for ever");
        assert!(ended.is_ok() || matches!(fate, Fate::IsCut(_)), "{ended:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn everybody_comes_to_an_end(
        plans in prop::collection::vec(plan(), 1..20),
        fate in fate(),
        capacity in prop_oneof![20_usize..200, 1_000_usize..100_000],
        round_trip in prop_oneof![Just(0_u64), Just(6)].prop_map(Duration::from_millis),
        is_on_one_thread in any::<bool>(),
    ) {
        // A narrow way takes its time.
        let cut = |plan: Plan| Plan { up: plan.up.min(capacity * 500), down: plan.down.min(capacity * 500), ..plan };
        let plans: Vec<Plan> = plans.into_iter().map(cut).collect();
        let mut builder = match is_on_one_thread {
            true => tokio::runtime::Builder::new_current_thread(),
            false => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = builder.enable_time().worker_threads(2).build().unwrap();
        runtime.block_on(run(&plans, fate, capacity, round_trip));
    }
}
