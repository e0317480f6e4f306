//! A server that answers one API call from a script.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mattermost_plugin_rpc::gob::{Bytes, Decode, Encode};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    ApiError, AppError, AuditRecord, Bot, Broadcast, Channel, ChannelMember, Command, FileInfo,
    KvSetOptions, OpenDialogRequest, Permission, Post, PostList, Preference, RpcApi, Team, User,
};
use mattermost_plugin_rpc::net_rpc::{self, Client, Reply, Route, Service};

// Arguments and results as the server declares them, independent of the crate's structs.

macro_rules! structs {
    ($($name:ident { $($field:ident : $type:ty = $go:literal),* })*) => {
        $(gob_struct! {
            #[derive(Clone, Debug, Default, PartialEq)]
            pub struct $name = "" { $(pub $field: $type = $go),* }
        })*
    };
}

structs! {
    S { a: String = "A" }
    SS { a: String = "A", b: String = "B" }
    SBytes { a: String = "A", b: Bytes = "B" }
    SPerm { a: String = "A", b: Option<Box<Permission>> = "B" }
    SSPerm { a: String = "A", b: String = "B", c: Option<Box<Permission>> = "C" }
    SInt { a: String = "A", b: i64 = "B" }
    IntInt { a: i64 = "A", b: i64 = "B" }
    SPost { a: String = "A", b: Option<Box<Post>> = "B" }
    APost { a: Option<Box<Post>> = "A" }
    ACommand { a: Option<Box<Command>> = "A" }
    ABot { a: Option<Box<Bot>> = "A" }
    Upload { a: Bytes = "A", b: String = "B", c: String = "C" }
    SPrefs { a: String = "A", b: Vec<Preference> = "B" }
    KvSet { a: String = "A", b: Bytes = "B", c: KvSetOptions = "C" }
    Publish { a: String = "A", b: BTreeMap<String, Any> = "B", c: Option<Box<Broadcast>> = "C" }
    Open { a: OpenDialogRequest = "A" }
    Settings { a: BTreeMap<String, Any> = "A" }
    ARecord { a: Option<Box<AuditRecord>> = "A" }
    Log { a: String = "A", b: Vec<Any> = "B" }

    ErrorOnly { a: Option<Box<AppError>> = "A" }
    GoOnly { a: Any = "A" }
    StringGo { a: String = "A", b: Any = "B" }
    Yes { a: bool = "A" }
    YesError { a: bool = "A", b: Option<Box<AppError>> = "B" }
    ABytes { a: Bytes = "A", b: Option<Box<AppError>> = "B" }
    AUser { a: Option<Box<User>> = "A", b: Option<Box<AppError>> = "B" }
    AChannel { a: Option<Box<Channel>> = "A", b: Option<Box<AppError>> = "B" }
    AMember { a: Option<Box<ChannelMember>> = "A", b: Option<Box<AppError>> = "B" }
    PostError { a: Option<Box<Post>> = "A", b: Option<Box<AppError>> = "B" }
    AList { a: Option<Box<PostList>> = "A", b: Option<Box<AppError>> = "B" }
    AFile { a: Option<Box<FileInfo>> = "A", b: Option<Box<AppError>> = "B" }
    Members { a: String = "A", b: String = "B", c: i64 = "C", d: i64 = "D" }
    AUsers { a: Vec<User> = "A", b: Option<Box<AppError>> = "B" }
    ATeams { a: Vec<Team> = "A", b: Option<Box<AppError>> = "B" }
    APrefs { a: Vec<Preference> = "A", b: Option<Box<AppError>> = "B" }
    AKeys { a: Vec<String> = "A", b: Option<Box<AppError>> = "B" }
}

/// A server that expects one call, records its argument, and sends the scripted reply.
pub struct Script<A> {
    pub method: &'static str,
    pub answer: Mutex<Option<Result<Reply, String>>>,
    pub asked: Arc<Mutex<Option<A>>>,
}

impl<A: Decode + Send + 'static> Service for Script<A> {
    type Call = A;

    fn route(&self, method: &str) -> Option<Route<A>> {
        (method == self.method).then(|| Route::new(|args| args))
    }

    async fn run(&self, args: A) -> Result<Reply, String> {
        *self.asked.lock().unwrap() = Some(args);
        self.answer.lock().unwrap().take().unwrap()
    }
}

/// Makes one call. Returns its result and the argument that the server received.
pub async fn exchange<A, R, T, F>(
    method: &'static str,
    answer: R,
    call: F,
) -> (A, Result<T, ApiError>)
where
    A: Decode + Send + 'static,
    R: Encode + Send + 'static,
    F: AsyncFnOnce(RpcApi) -> Result<T, ApiError>,
{
    let (ours, theirs) = tokio::io::duplex(16 * 1024);
    let asked = Arc::new(Mutex::new(None));
    let answer = Mutex::new(Some(Ok(Reply::new(answer))));
    tokio::spawn(net_rpc::serve(
        theirs,
        Arc::new(Script {
            method,
            answer,
            asked: Arc::clone(&asked),
        }),
    ));
    let result = call(RpcApi::new(Client::new(ours))).await;
    let asked = asked.lock().unwrap().take();
    (
        asked.unwrap_or_else(|| panic!("{method} was not called")),
        result,
    )
}

pub fn s(text: &str) -> String {
    text.to_owned()
}

pub fn some<T>(value: T) -> Option<Box<T>> {
    Some(Box::new(value))
}

pub fn app_error(status_code: i64) -> Option<Box<AppError>> {
    some(AppError {
        id: s("app.x.error"),
        message: s("It failed."),
        where_: s("X"),
        detailed_error: s("row 7"),
        status_code,
        ..AppError::default()
    })
}
