//! A component, loaded and linked once for all events.

use wasmtime::Engine;
use wasmtime::component::{Component as WasmComponent, InstancePre, Linker};

use super::image::{LoadError, load_image};
use super::ticker::Ticker;
use super::{pool, wasi};
use crate::bindings::diagnostics::DiagnosticsPre;
use crate::bindings::jobs::JobsPre;
use crate::bindings::plugin::PluginPre;
use crate::capability;
use crate::event::EventState;
use crate::policy::{Policy, SUPPORT_DATA};

const PACKAGE: &str = "mattermost:plugin/";
const JOBS: &str = "job-handler";
const DIAGNOSTICS: &str = "diagnostics";

/// The interfaces that a component may export, and the names of their hooks.
const HOOKS: [(&str, &str); 5] = [
    ("command-handler", "command"),
    (JOBS, "job"),
    ("lifecycle", "lifecycle"),
    ("http-handler", "request"),
    (DIAGNOSTICS, SUPPORT_DATA),
];

/// A loaded and linked component.
pub struct Component {
    pub(super) engine: Engine,
    pub(super) pre: PluginPre<EventState>,
    /// `None` if the component has no jobs.
    pub(super) jobs: Option<JobsPre<EventState>>,
    /// `None` if the component has no file for support packets.
    pub(super) diagnostics: Option<DiagnosticsPre<EventState>>,
    pub(super) ticker: Ticker,
    imports: Vec<String>,
    exports: Vec<String>,
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
        let kind = component.component_type();
        let exports = kind.exports(&engine).map(|(name, _)| name.to_owned());
        let exports: Vec<_> = exports.collect();
        let has = |name: &str| exports.iter().any(|export| is_interface(export, name));
        let pre = link(&engine, &component).map_err(LoadError::Interface)?;
        let jobs = has(JOBS).then(|| JobsPre::new(pre.clone())).transpose();
        let jobs = jobs.map_err(LoadError::Interface)?;
        let diagnostics = has(DIAGNOSTICS).then(|| DiagnosticsPre::new(pre.clone()));
        let diagnostics = diagnostics.transpose().map_err(LoadError::Interface)?;
        let pre = PluginPre::new(pre).map_err(LoadError::Interface)?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Self {
            engine,
            pre,
            jobs,
            diagnostics,
            ticker,
            imports,
            exports,
        })
    }

    /// The interfaces that the component imports, in order.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The hooks that the component receives.
    #[must_use]
    pub fn hooks(&self) -> Vec<&'static str> {
        let has = |interface: &str| {
            self.exports
                .iter()
                .any(|name| is_interface(name, interface))
        };
        let present = HOOKS.iter().filter(|(interface, _)| has(interface));
        present.map(|(_, hook)| *hook).collect()
    }

    /// Checks that the component receives no hook that its policy does not list.
    ///
    /// # Errors
    ///
    /// With a sentence for administrators.
    pub(crate) fn check_hooks(&self, policy: &Policy) -> Result<(), String> {
        for export in &self.exports {
            let mut hooks = HOOKS.iter();
            let hook = hooks.find(|(interface, _)| is_interface(export, interface));
            match hook {
                Some((_, hook)) if policy.allows_hook(hook) => {}
                Some((_, hook)) => {
                    return Err(format!(
                        "the component has the hook {hook}, which its policy does not list"
                    ));
                }
                None => return Err(format!("the component exports {export}, which is no hook")),
            }
        }
        Ok(())
    }

    /// Whether the component handles jobs.
    #[must_use]
    pub fn has_jobs(&self) -> bool {
        self.jobs.is_some()
    }
}

/// Whether `name` is this interface of the plugin package, in any version.
fn is_interface(name: &str, interface: &str) -> bool {
    let rest = name.strip_prefix(PACKAGE);
    let rest = rest.and_then(|rest| rest.strip_prefix(interface));
    rest.is_some_and(|rest| rest.starts_with('@'))
}

fn link(engine: &Engine, component: &WasmComponent) -> wasmtime::Result<InstancePre<EventState>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    capability::add_to_linker(&mut linker)?;
    linker.instantiate_pre(component)
}
