//! A component on wasmtime alone, without limits, clock, and host. The difference to an event on the host is the cost of
//! the sandbox.

use component_tests::TARGET;
use mattermost_plugin_engine::config;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store};

use self::bindings::BarePre;
use self::bindings::exports::mattermost::plugin::http_handler::{Origin, Request, Response};

/// The export that the benchmark calls.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package bench:bare;
            world bare {
                export mattermost:plugin/http-handler@0.1.0;
            }
        ",
        world: "bench:bare/bare",
        exports: { default: async },
    });
}

/// A loaded component.
pub struct Bare {
    engine: Engine,
    pre: BarePre<()>,
}

impl Bare {
    /// Loads an image without a host: an import that the component calls traps.
    pub fn load(image: &[u8]) -> Result<Bare> {
        let mut config = config(TARGET)?;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_memories(4).total_component_instances(4);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let component = deserialize(&engine, image)?;
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component)?;
        let pre: InstancePre<()> = linker.instantiate_pre(&component)?;
        let pre = BarePre::new(pre)?;
        Ok(Bare { engine, pre })
    }

    /// Handles a request in a new instance.
    pub async fn handle(&self, request: &Request) -> Result<Response> {
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let bare = self.pre.instantiate_async(&mut store).await?;
        let handler = bare.mattermost_plugin_http_handler();
        handler.call_handle(&mut store, request).await
    }
}

/// The bytes come from the build script of this crate.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, image: &[u8]) -> Result<Component> {
    unsafe { Component::deserialize(engine, image) }
}

/// A plain request for the component `hello`.
pub fn plain() -> Request {
    Request {
        method: "GET".to_owned(),
        path: "/header".to_owned(),
        raw_path: "/header".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
        user_id: None,
        origin: Origin::Other,
    }
}
