//! A plugin that makes the calls of the conformance suite on the server that started it, on request, and answers with
//! what was wrong.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use mattermost_plugin_rpc::go_plugin::Handshake;
use mattermost_plugin_rpc::mattermost::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, HANDSHAKE, Hooks, HttpRequest,
    ResponseWriter, RpcApi, serve_hooks,
};
use plugin_tests::conformance::{Fixture, run};
use serde_json::{Value, json};

/// The largest request that is read, in bytes.
const LIMIT: usize = 64 * 1024;

#[derive(Default)]
struct Conformance {
    api: Mutex<Option<Arc<RpcApi>>>,
}

impl Conformance {
    async fn report(&self, mut body: BodyReader) -> Result<Value, String> {
        let body = body.read_to_limit(LIMIT).await;
        let body = body.map_err(|error| error.to_string())?;
        let fixture = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let api = self
            .api
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let api = api.ok_or("the plugin is not active")?;
        let outcomes = run(&*api, &Fixture::from_json(&fixture)).await;
        let outcomes = outcomes
            .into_iter()
            .map(|(name, wrong)| json!([name, wrong]));
        Ok(outcomes.collect())
    }
}

impl Hooks for Conformance {
    fn implemented(&self) -> Vec<String> {
        ["OnActivate", "ServeHTTP"].map(str::to_owned).to_vec()
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = Some(api);
        Box::pin(async { Ok(()) })
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn execute_command(
        &self,
        _: Context,
        _: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        Box::pin(async { Ok(CommandResponse::default()) })
    }

    fn serve_http(
        &self,
        _: Context,
        _: HttpRequest,
        mut response: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (status, answer) = match self.report(body).await {
                Ok(report) => (200, report),
                Err(error) => (400, json!(error)),
            };
            // If it cannot be sent, nobody is left to tell.
            let _ = response
                .send(status, &[], answer.to_string().as_bytes())
                .await;
        })
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let listening = Handshake::from_env(&HANDSHAKE).and_then(Handshake::bind);
    let (Ok(runtime), Ok(listening)) = (runtime, listening) else {
        return ExitCode::FAILURE;
    };
    let serving = listening.serve(|stream, broker| async move {
        let hooks: Arc<dyn Hooks> = Arc::new(Conformance::default());
        // The server's log has the reason.
        let _ = serve_hooks(stream, broker, hooks).await;
    });
    match runtime.block_on(serving) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
