//! A small plugin that is a component.
//!
//! It is an example from which you can start another plugin. It shows that the host runs components other than the Zoom
//! plugin. And tests use it to see how the host handles a component that misbehaves: it counts visits, responds to a
//! command, and makes calls that the sandbox must refuse.
//!
//! | route | effect |
//! |---|---|
//! | `GET /` | greets the user and counts the visit with compare-and-set |
//! | `POST /echo` | responds with the body of the request |
//! | `GET /pieces` | responds with more than fits into one write |
//! | `GET /header` | responds with the request's header `x-name`, in the body and in the header `x-plugin-name` |
//! | `GET /log` | writes a log line at each level |
//! | `GET /as-user?channel=ID` | posts as the user of the request |
//! | `GET /fetch?url=URL` | sends a request to a host |
//! | `GET /nap?ms=MS&bed=BYTES` | sleeps while it uses this amount of memory |
//! | `GET /kv-host-key` | writes a key that belongs to the host, which the host refuses |
//! | `PUT /value` | stores the body |
//! | `GET /kv-reads?n=N` | reads that value N times, to measure the cost of an API call |
//! | `POST /later?kind=KIND&delay=SECONDS` | enqueues a job with the body as its payload, see `later.rs` |
//! | `GET /trap`, `/loop`, `/memory` | panics, never ends, allocates without end |

mod bindings;
mod later;
mod misbehave;
mod routes;
mod text;

use bindings::exports::mattermost::plugin::command_handler::{self, Invocation};
use bindings::exports::mattermost::plugin::http_handler::{self, Request, Response};
use bindings::exports::mattermost::plugin::job_handler::{self, Outcome};
use bindings::exports::mattermost::plugin::lifecycle;
use bindings::mattermost::plugin::bots;
use bindings::mattermost::plugin::commands::{self, Command};

struct Hello;

impl lifecycle::Guest for Hello {
    fn activate() -> Result<(), String> {
        bots::ensure().map_err(|error| format!("no bot account: {error:?}"))?;
        let command = Command {
            trigger: "hello".to_owned(),
            description: "Says hello".to_owned(),
            hint: String::new(),
            display_name: "Hello".to_owned(),
            icon: Vec::new(),
            nodes: Vec::new(),
        };
        commands::register(&command).map_err(|error| format!("no command: {error:?}"))
    }

    fn configuration_changed(_previous: Vec<(String, String)>) {}

    fn deactivate() {}
}

impl command_handler::Guest for Hello {
    fn run(invocation: Invocation) -> Option<String> {
        Some(format!("Hello, you typed `{}`.", invocation.text))
    }
}

impl job_handler::Guest for Hello {
    fn run(kind: String, payload: Vec<u8>, attempt: u32) -> Outcome {
        later::run(&kind, &payload, attempt)
    }

    fn given_up(kind: String, _payload: Vec<u8>) -> Outcome {
        later::given_up(&kind)
    }
}

impl http_handler::Guest for Hello {
    fn handle(request: Request) -> Response {
        routes::answer(request)
    }
}

/// The generated exports. Their names are not valid in a native library, so only the component has them.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::all, clippy::restriction)]
mod exports {
    use crate::Hello;
    crate::bindings::export!(Hello with_types_in crate::bindings);
}
