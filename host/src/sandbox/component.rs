//! A component, loaded and linked once for all events.

use wasmtime::Engine;
use wasmtime::component::{Component as WasmComponent, InstancePre, Linker};

use super::image::{LoadError, load_image};
use super::ticker::Ticker;
use super::{pool, wasi};
use crate::bindings::jobs::JobsPre;
use crate::bindings::plugin::PluginPre;
use crate::capability;
use crate::event::EventState;

/// A loaded and linked component.
pub struct Component {
    pub(super) engine: Engine,
    pub(super) pre: PluginPre<EventState>,
    /// `None` if the component has no jobs.
    pub(super) jobs: Option<JobsPre<EventState>>,
    pub(super) ticker: Ticker,
    imports: Vec<String>,
}

impl Component {
    /// Loads an image that `mattermost-plugin-aot` compiled for this target, and links it. At most `events` events may run
    /// at once.
    ///
    /// The image is machine code: pass only bytes that were built together with this executable.
    ///
    /// # Errors
    ///
    /// When the image does not fit this host.
    pub fn load(image: &[u8], target: &str, events: usize) -> Result<Self, LoadError> {
        let config = mattermost_plugin_engine::config(target).map_err(LoadError::Engine)?;
        let (engine, component) = match pool::load(config.clone(), events, image) {
            Some(loaded) => loaded,
            None => load_image(&config, image)?,
        };
        let mut imports: Vec<_> = component
            .component_type()
            .imports(&engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        imports.sort();
        let pre = link(&engine, &component).map_err(LoadError::Interface)?;
        let jobs = exports_jobs(&component, &engine)
            .then(|| JobsPre::new(pre.clone()))
            .transpose()
            .map_err(LoadError::Interface)?;
        let pre = PluginPre::new(pre).map_err(LoadError::Interface)?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Self {
            engine,
            pre,
            jobs,
            ticker,
            imports,
        })
    }

    /// The interfaces that the component imports, in order.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Whether the component handles jobs.
    #[must_use]
    pub fn has_jobs(&self) -> bool {
        self.jobs.is_some()
    }
}

fn exports_jobs(component: &WasmComponent, engine: &Engine) -> bool {
    let kind = component.component_type();
    let mut exports = kind.exports(engine);
    exports.any(|(name, _)| name.starts_with("mattermost:plugin/job-handler@"))
}

fn link(engine: &Engine, component: &WasmComponent) -> wasmtime::Result<InstancePre<EventState>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    capability::add_to_linker(&mut linker)?;
    linker.instantiate_pre(component)
}
