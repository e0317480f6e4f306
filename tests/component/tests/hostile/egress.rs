//! What leaves the host: requests to the outside, and events for the webapp.

use crate::{Den, text};

#[tokio::test(flavor = "multi_thread")]
async fn f44_nodes_of_a_cluster_deliver_events_to_each_other_reliably() {
    let den = Den::open().await;
    let reply = den.attack("/websocket").await;
    assert_eq!(text(&reply), "published");
    let world = den.api.world();
    assert!(!world.events.is_empty());
    assert!(
        world
            .events
            .iter()
            .all(|event| event.audience.reliable_cluster_send)
    );
}
