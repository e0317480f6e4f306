//! Calls between client and server of this implementation, and with a peer that violates the protocol.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use mattermost_plugin_rpc::gob::{Bytes, DecodeError, Decoder, Empty, Encode, Encoder, Limits};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::net_rpc::{
    CallError, Client, Reply, Request, Response, Route, ServeError, Service, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Pair = "Pair" {
        number: i64 = "Number",
        text: String = "Text",
    }
}

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Holes = "Holes" {
        list: Vec<Option<String>> = "List",
    }
}

/// A service with one method for each case.
struct Zoo {
    /// `Plugin.Wait` waits for a permit.
    gate: Semaphore,
    waiting: AtomicUsize,
    flushed: std::sync::Mutex<Option<oneshot::Sender<()>>>,
}

enum Call {
    Echo(Pair),
    Size(Bytes),
    Make(u32),
    /// A list of this number of MiB.
    Many(u32),
    Count(Holes),
    Fail(String),
    Panic(String),
    Holes(Empty),
    Wait(Empty),
    Flushed(Empty),
}

impl Service for Zoo {
    type Call = Call;

    fn route(&self, method: &str) -> Option<Route<Call>> {
        Some(match method {
            "Plugin.Echo" => Route::new(Call::Echo),
            "Plugin.Size" => Route::new(Call::Size),
            "Plugin.Make" => Route::new(Call::Make),
            "Plugin.Many" => Route::new(Call::Many),
            "Plugin.Count" => Route::new(Call::Count),
            "Plugin.Fail" => Route::new(Call::Fail),
            "Plugin.Panic" => Route::new(Call::Panic),
            "Plugin.Holes" => Route::new(Call::Holes),
            "Plugin.Wait" => Route::new(Call::Wait),
            "Plugin.Limited" => Route::new(Call::Wait).reject_if_busy(),
            "Plugin.Flushed" => Route::new(Call::Flushed),
            _ => return None,
        })
    }

    async fn run(&self, call: Call) -> Result<Reply, String> {
        match call {
            Call::Echo(pair) => Ok(Reply::new(pair)),
            Call::Size(bytes) => Ok(Reply::new(u32::try_from(bytes.0.len()).unwrap())),
            Call::Make(size) => Ok(Reply::new(Bytes(vec![7; size as usize]))),
            Call::Many(count) => Ok(Reply::new(many(count))),
            Call::Count(holes) => Ok(Reply::new(holes.list.len() as u64)),
            Call::Fail(text) => Err(text),
            Call::Panic(text) => panic!("{text}"),
            Call::Holes(Empty) => Ok(Reply::new(holes())),
            Call::Wait(Empty) => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.gate.acquire().await.unwrap().forget();
                Ok(Reply::empty())
            }
            Call::Flushed(Empty) => {
                let waiter = self.flushed.lock().unwrap().take().unwrap();
                Ok(Reply::empty().notify_flushed(waiter))
            }
        }
    }
}

/// A value that gob cannot express.
fn holes() -> Holes {
    let list = vec![Some("a".to_owned()), None];
    Holes { list }
}

/// A number of MiB.
fn many(count: u32) -> Holes {
    let list = vec![Some("x".repeat(1024 * 1024)); count as usize];
    Holes { list }
}

fn pair(number: i64) -> Pair {
    let text = format!("text {number}");
    Pair { number, text }
}

struct Setup {
    client: Client,
    zoo: Arc<Zoo>,
    serving: JoinHandle<Result<(), ServeError>>,
}

fn zoo() -> Arc<Zoo> {
    Arc::new(Zoo {
        gate: Semaphore::new(0),
        waiting: AtomicUsize::new(0),
        flushed: std::sync::Mutex::default(),
    })
}

fn setup(buffer: usize) -> Setup {
    let (near, far) = duplex(buffer);
    let zoo = zoo();
    let serving = tokio::spawn(serve(far, Arc::clone(&zoo)));
    let client = Client::new(near);
    Setup {
        client,
        zoo,
        serving,
    }
}

async fn echo(client: &Client, number: i64) {
    let reply: Pair = client.call("Plugin.Echo", &pair(number)).await.unwrap();
    assert_eq!(reply, pair(number));
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// Polls a future once.
async fn polled<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

fn remote(error: &CallError) -> &str {
    match error {
        CallError::Remote(text) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_is_answered() {
    let Setup {
        client, serving, ..
    } = setup(64);
    echo(&client, 1).await;
    echo(&client, 0).await;
    drop(client);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn replies_come_in_any_order() {
    let Setup { client, zoo, .. } = setup(64);
    let slow = client.clone();
    let slow = tokio::spawn(async move { slow.call::<_, Empty>("Plugin.Wait", &Empty).await });
    until(|| zoo.waiting.load(Ordering::SeqCst) == 1).await;
    for number in 0..100 {
        echo(&client, number).await;
    }
    assert_eq!(client.pending(), 1);
    assert!(!slow.is_finished());
    zoo.gate.add_permits(1);
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn many_large_concurrent_calls_all_get_replies() {
    let Setup { client, .. } = setup(4096);
    let mut calls = JoinSet::new();
    for number in 0..64_u32 {
        let client = client.clone();
        calls.spawn(async move {
            let bytes = Bytes(vec![1; 100_000 + number as usize]);
            let size: u32 = client.call("Plugin.Size", &bytes).await.unwrap();
            assert_eq!(size, 100_000 + number);
            let made: Bytes = client
                .call("Plugin.Make", &(200_000 + number))
                .await
                .unwrap();
            assert_eq!(made.0.len(), 200_000 + number as usize);
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn errors_and_unknown_methods_have_the_texts_of_go() {
    let Setup { client, .. } = setup(64);
    let failed = client
        .call::<_, Empty>("Plugin.Fail", &"no luck".to_owned())
        .await
        .unwrap_err();
    assert_eq!(remote(&failed), "no luck");
    let silent = client
        .call::<_, Empty>("Plugin.Fail", &String::new())
        .await
        .unwrap_err();
    assert!(!remote(&silent).is_empty());
    for (method, words) in [
        ("Plugin.Fly", "rpc: can't find method Plugin.Fly"),
        ("Other.Echo", "rpc: can't find service Other.Echo"),
        ("Echo", "rpc: service/method request ill-formed: Echo"),
    ] {
        let unknown = client.call::<_, Empty>(method, &pair(1)).await.unwrap_err();
        assert_eq!(remote(&unknown), words);
    }
    echo(&client, 1).await;
}

#[tokio::test]
async fn a_panic_fails_only_its_call() {
    let Setup { client, .. } = setup(64);
    for _ in 0..3 {
        let panicked = client
            .call::<_, Empty>("Plugin.Panic", &"oh no".to_owned())
            .await;
        assert!(remote(&panicked.unwrap_err()).contains("oh no"));
        echo(&client, 1).await;
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_encoded_is_an_error_of_its_call() {
    let Setup { client, .. } = setup(64);
    for _ in 0..2 {
        let failed = client
            .call::<_, Holes>("Plugin.Holes", &Empty)
            .await
            .unwrap_err();
        assert!(remote(&failed).contains("cannot encode the reply"));
        echo(&client, 1).await;
    }
}

#[tokio::test]
async fn an_argument_that_cannot_be_encoded_sends_nothing() {
    let Setup { client, .. } = setup(64);
    let failed = client
        .call::<_, Empty>("Plugin.Echo", &holes())
        .await
        .unwrap_err();
    assert!(matches!(failed, CallError::Encode(_)));
    assert_eq!(client.pending(), 0);
    echo(&client, 1).await;
}

#[tokio::test]
async fn an_argument_that_cannot_be_decoded_fails_only_its_call() {
    let Setup { client, .. } = setup(64);
    let failed = client
        .call::<_, Empty>("Plugin.Echo", &"text".to_owned())
        .await
        .unwrap_err();
    assert!(remote(&failed).starts_with("gob: "), "{failed}");
    let failed = client
        .call::<_, Empty>("Plugin.Make", &pair(1))
        .await
        .unwrap_err();
    assert!(remote(&failed).starts_with("gob: "), "{failed}");
    echo(&client, 1).await;
}

#[tokio::test]
async fn a_reply_that_cannot_be_decoded_fails_only_its_call() {
    let Setup { client, .. } = setup(64);
    for _ in 0..2 {
        let failed = client
            .call::<_, String>("Plugin.Echo", &pair(1))
            .await
            .unwrap_err();
        assert!(matches!(failed, CallError::Decode(_)), "{failed}");
        echo(&client, 2).await;
    }
}

#[tokio::test]
async fn a_call_dropped_at_any_time_does_not_affect_other_calls() {
    let Setup { client, zoo, .. } = setup(48);
    zoo.gate.add_permits(1 << 20);
    for polls in 0..60 {
        let bytes = Bytes(vec![1; 3000]);
        let mut call = Box::pin(client.call::<_, u32>("Plugin.Size", &bytes));
        for _ in 0..polls {
            let done = polled(call.as_mut()).await.is_ready();
            if done {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        echo(&client, polls).await;
    }
    assert_eq!(client.pending(), 0);
}

#[tokio::test]
async fn calls_wait_for_space_and_can_be_dropped() {
    // Nobody reads, so requests are queued up to the high-water mark.
    let (near, far) = duplex(64);
    let client = Client::new(near);
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let client = client.clone();
        calls.spawn(async move {
            client
                .call::<_, u32>("Plugin.Size", &Bytes(vec![1; 64 * 1024]))
                .await
        });
    }
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    let inside = client.pending();
    assert!((1..16).contains(&inside), "{inside}");
    calls.shutdown().await;
    assert_eq!(client.pending(), 0);
    // The queued requests are complete, and the stream works.
    tokio::spawn(serve(far, zoo()));
    echo(&client, 1).await;
}

#[tokio::test]
async fn a_hundred_thousand_calls_leave_nothing_behind() {
    let Setup { client, .. } = setup(1 << 16);
    for number in 0..100_000 {
        if number % 10 == 0 {
            let arg = pair(number);
            let mut call = Box::pin(client.call::<_, Pair>("Plugin.Echo", &arg));
            assert!(polled(call.as_mut()).await.is_pending());
        }
        echo(&client, number).await;
        assert!(client.pending() <= 1);
    }
    assert!(client.pending_capacity() < 32);
}

#[tokio::test]
async fn when_the_stream_ends_every_call_ends() {
    let Setup {
        client,
        zoo,
        serving,
    } = setup(64);
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let client = client.clone();
        calls.spawn(async move { client.call::<_, Empty>("Plugin.Wait", &Empty).await });
    }
    until(|| zoo.waiting.load(Ordering::SeqCst) == 10).await;
    serving.abort();
    while let Some(call) = calls.join_next().await {
        assert!(matches!(call.unwrap(), Err(CallError::Closed)));
    }
    let late = client.call::<_, Empty>("Plugin.Wait", &Empty).await;
    assert!(matches!(late, Err(CallError::Closed)));
    assert_eq!(client.pending(), 0);
    assert_eq!(Arc::strong_count(&zoo), 1);
}

#[tokio::test]
async fn close_sends_queued_requests_and_waits_for_replies() {
    let Setup {
        client,
        zoo,
        serving,
    } = setup(64);
    let waiting = client.clone();
    let waiting =
        tokio::spawn(async move { waiting.call::<_, Empty>("Plugin.Wait", &Empty).await });
    until(|| zoo.waiting.load(Ordering::SeqCst) == 1).await;
    client.close().await;
    let refused = client.call::<_, Empty>("Plugin.Wait", &Empty).await;
    assert!(matches!(refused, Err(CallError::Closed)));
    zoo.gate.add_permits(1);
    waiting.await.unwrap().unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_flushed_reply_says_so() {
    let (near, far) = duplex(16);
    let zoo = zoo();
    let (sender, mut flushed) = oneshot::channel();
    *zoo.flushed.lock().unwrap() = Some(sender);
    tokio::spawn(serve(far, Arc::clone(&zoo)));
    let mut near = near;
    near.write_all(&request("Plugin.Flushed", 0, &Empty))
        .await
        .unwrap();
    let mut start = [0; 4];
    near.read_exact(&mut start).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(flushed.try_recv().is_err());
    let draining = tokio::spawn(async move {
        let mut bytes = Vec::new();
        let _ = near.read_to_end(&mut bytes).await;
    });
    flushed.await.unwrap();
    draining.abort();
}

#[tokio::test]
async fn the_client_works_from_other_runtimes() {
    let Setup { client, .. } = setup(1 << 12);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let client = client.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for number in 0..500 {
                        echo(&client, thread * 1000 + number).await;
                    }
                });
            })
        })
        .collect();
    until(|| threads.iter().all(std::thread::JoinHandle::is_finished)).await;
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The bytes of a request on a new stream.
fn request<T: Encode>(method: &str, seq: u64, argument: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    let service_method = method.to_owned();
    encoder
        .encode(
            &Request {
                service_method,
                seq,
            },
            &mut bytes,
        )
        .unwrap();
    encoder.encode(argument, &mut bytes).unwrap();
    bytes
}

async fn response(decoder: &mut Decoder, io: &mut DuplexStream) -> Response {
    loop {
        if let Some(response) = decoder.next::<Response>().unwrap() {
            return response;
        }
        let mut bytes = [0; 64];
        let count = io.read(&mut bytes).await.unwrap();
        assert!(count > 0);
        decoder.feed(&bytes[..count]);
    }
}

#[tokio::test]
async fn requests_may_arrive_byte_by_byte() {
    let (mut near, far) = duplex(1);
    tokio::spawn(serve(far, zoo()));
    let bytes = request("Plugin.Echo", 5, &pair(3));
    near.write_all(&bytes).await.unwrap();
    let mut decoder = Decoder::new(Limits::default());
    let head = response(&mut decoder, &mut near).await;
    assert_eq!((head.seq, head.error.as_str()), (5, ""));
    let body = loop {
        if let Some(body) = decoder.next::<Pair>().unwrap() {
            break body;
        }
        decoder.feed(&[near.read_u8().await.unwrap()]);
    };
    assert_eq!(body, pair(3));
}

#[tokio::test]
async fn a_reply_to_an_unknown_call_is_skipped() {
    let (near, mut far) = duplex(1024);
    let client = Client::new(near);
    let calling = tokio::spawn(async move { client.call::<_, Pair>("Plugin.Echo", &Empty).await });
    far.read_u8().await.unwrap();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    for seq in [9, 0] {
        let head = Response {
            seq,
            ..Response::default()
        };
        encoder.encode(&head, &mut bytes).unwrap();
        encoder.encode(&pair(seq as i64), &mut bytes).unwrap();
    }
    far.write_all(&bytes).await.unwrap();
    assert_eq!(calling.await.unwrap().unwrap(), pair(0));
}

/// A user who fills a channel with large posts must not be able to stop the plugin.
#[tokio::test]
async fn a_reply_or_an_argument_that_is_too_large_fails_only_its_call() {
    let setup = setup(64 * 1024);
    let client = &setup.client;
    let (large, fits) = tokio::join!(
        client.call::<_, Holes>("Plugin.Many", &70_u32),
        client.call::<_, Holes>("Plugin.Many", &2_u32),
    );
    let too_large = DecodeError::TooLarge("a value is too long");
    assert!(matches!(large, Err(CallError::Decode(error)) if error == too_large));
    assert_eq!(fits.unwrap(), many(2));
    let arguments = [70, 2].map(many);
    let (large, fits) = tokio::join!(
        client.call::<_, u64>("Plugin.Count", &arguments[0]),
        client.call::<_, u64>("Plugin.Count", &arguments[1]),
    );
    assert!(matches!(large, Err(CallError::Remote(why)) if why == too_large.to_string()));
    assert_eq!(fits.unwrap(), 2);
    echo(client, 1).await;
}

#[tokio::test]
async fn garbage_ends_the_stream_and_not_the_process() {
    for junk in [vec![0xf0; 64], vec![3, 0xff, 0x83, 0, 0], vec![0xf8; 9]] {
        let (mut near, far) = duplex(64);
        let serving = tokio::spawn(serve(far, zoo()));
        near.write_all(&junk).await.unwrap();
        near.shutdown().await.unwrap();
        let ended = serving.await.unwrap();
        assert!(matches!(ended, Err(ServeError::Decode(_))), "{ended:?}");

        let (near, mut far) = duplex(1024);
        let client = Client::new(near);
        let calling = tokio::spawn(async move { client.call::<_, Pair>("Plugin.X", &Empty).await });
        far.read_u8().await.unwrap();
        far.write_all(&junk).await.unwrap();
        assert!(matches!(calling.await.unwrap(), Err(CallError::Closed)));
    }
}

#[tokio::test]
async fn too_many_calls_are_rejected_if_their_method_allows_it_and_served_otherwise() {
    const MAX: usize = 1024;
    let setup = setup(64 * 1024);
    let mut held = JoinSet::new();
    for _ in 0..MAX {
        let client = setup.client.clone();
        held.spawn(async move { client.call::<_, Empty>("Plugin.Limited", &Empty).await });
    }
    while setup.zoo.waiting.load(Ordering::SeqCst) < MAX {
        tokio::task::yield_now().await;
    }
    let admitted = async {
        while setup.zoo.waiting.load(Ordering::SeqCst) == MAX {
            tokio::task::yield_now().await;
        }
    };
    let refused = tokio::select! {
        refused = setup.client.call::<_, Empty>("Plugin.Limited", &Empty) => refused,
        () = admitted => panic!("one too many is admitted"),
    };
    let Err(CallError::Remote(why)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(why, "too many calls at once");
    echo(&setup.client, 1).await;
    setup.zoo.gate.add_permits(MAX);
    while let Some(answer) = held.join_next().await {
        assert!(answer.unwrap().is_ok());
    }
    let again = setup.client.call::<_, Empty>("Plugin.Limited", &Empty);
    setup.zoo.gate.add_permits(1);
    assert!(again.await.is_ok(), "there is room again");
}

#[tokio::test(start_paused = true)]
async fn requests_are_not_read_while_too_many_replies_are_unsent() {
    const MAX: usize = 4 * 1024;
    const MORE: usize = 100;
    let setup = setup(64 * 1024);
    let mut held = JoinSet::new();
    for _ in 0..MAX + MORE {
        let client = setup.client.clone();
        held.spawn(async move { client.call::<_, Empty>("Plugin.Wait", &Empty).await });
    }
    // The paused clock advances when all tasks are idle.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.zoo.waiting.load(Ordering::SeqCst), MAX);
    setup.zoo.gate.add_permits(MAX + MORE);
    while let Some(answer) = held.join_next().await {
        assert!(answer.unwrap().is_ok());
    }
}
