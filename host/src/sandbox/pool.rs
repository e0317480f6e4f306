//! Where events find their memory.
//!
//! Asking the system for a memory, a stack and their guards, and giving them back, is a sixth of what an event
//! costs. On Linux they are therefore set aside for as many events as may run at once: as addresses, not as
//! memory, for what an event has written is given back at its end, and the next one finds the component's
//! image as it was. To overwrite instead what was written would save faults of pages, but the one way to learn what
//! that is (`PAGEMAP_SCAN`) leaves out pages that were swapped out, with what another event wrote.
//!
//! Where there are not so many addresses, or where a component needs more than an event's share, each event asks for
//! its own. So it does on other systems, where the image would be copied each time.

use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::loaded;
use crate::event::memory::TABLE_ELEMENTS;

/// Linear memories of an event: as many as a component that was linked from one program has.
const MEMORIES: u32 = 1;
/// Tables of an event. The adapters that such a component is made with bring their own.
const TABLES: u32 = 4;
/// Core instances of an event, adapters among them.
const INSTANCES: u32 = 8;
/// The most of a table that is overwritten rather than given back, in bytes.
const TABLE_RESIDENT: usize = 8 * 1024;

/// Sets room aside for so many events, and loads the image into it. `None` if either is not possible.
pub(super) fn load(mut config: Config, events: usize, image: &[u8]) -> Option<(Engine, Component)> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    config.allocation_strategy(pool(u32::try_from(events).ok()?)?);
    let (engine, component) = loaded(&config, image).ok()?;
    let needs = component.resources_required()?;
    let fits = needs.num_memories <= MEMORIES && needs.num_tables <= TABLES;
    fits.then_some((engine, component))
}

fn pool(events: u32) -> Option<InstanceAllocationStrategy> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(events)
        .total_core_instances(events.checked_mul(INSTANCES)?)
        .max_core_instances_per_component(INSTANCES)
        .total_memories(events.checked_mul(MEMORIES)?)
        .max_memories_per_component(MEMORIES)
        .total_tables(events.checked_mul(TABLES)?)
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .table_keep_resident(TABLE_RESIDENT)
        .total_stacks(events);
    Some(InstanceAllocationStrategy::Pooling(pool))
}
