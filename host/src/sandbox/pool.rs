//! Preallocated memory for events.
//!
//! Allocating and freeing a linear memory, a stack, and their guard pages is a sixth of the cost of an event. On Linux, address
//! space for as many events as may run at once is therefore reserved ahead of time. It is not resident memory: at the
//! end of an event, the pages it wrote are returned, and the next event finds the component's initial image.
//! Overwriting those pages would save page faults, but the only way to find them (`PAGEMAP_SCAN`) misses pages that
//! were swapped out, which would leak the data of another event.
//!
//! If the address space is not available, if a component needs more than one event's share, or on other systems, where
//! the image would be copied each time, each event allocates its own memory.

use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::image::load_image;
use crate::event::memory::TABLE_ELEMENTS;

/// Linear memories of an event: a component that was linked from one program has one.
const MEMORIES: u32 = 1;
/// Tables of an event. The adapters of such a component have their own.
const TABLES: u32 = 4;
/// Core instances of an event, including adapters.
const INSTANCES: u32 = 8;
/// How much of a table is overwritten instead of returned, in bytes.
const TABLE_RESIDENT: usize = 8 * 1024;

/// Reserves memory for `events` events and loads the image into it. `None` if either is not possible.
pub(super) fn load(mut config: Config, events: usize, image: &[u8]) -> Option<(Engine, Component)> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    config.allocation_strategy(pool(u32::try_from(events).ok()?)?);
    let (engine, component) = load_image(&config, image).ok()?;
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
