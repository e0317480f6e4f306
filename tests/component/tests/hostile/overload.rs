//! More concurrent events than the policy allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::CommandArgs;
use plugin_host::Reply;
use tokio::task::JoinHandle;

use crate::HostilePlugin;

/// Sends `size` requests at once and waits for all replies.
async fn send_at_once(hostile: &Arc<HostilePlugin>, size: usize, url: &'static str) -> Vec<Reply> {
    let asking = (0..size).map(|_| {
        let hostile = Arc::clone(hostile);
        tokio::spawn(async move { hostile.attack(url).await })
    });
    let mut replies = Vec::new();
    for reply in asking.collect::<Vec<_>>() {
        replies.push(reply.await.unwrap());
    }
    replies
}

fn by_status(replies: &[Reply]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for reply in replies {
        *counts.entry(reply.status).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_concurrent_requests_are_all_served_if_sixty_four_may_run() {
    let hostile = Arc::new(HostilePlugin::open().await);
    let replies = send_at_once(&hostile, 200, "/harmless").await;
    assert_eq!(by_status(&replies), BTreeMap::from([(200, 200)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_permit_get_503_with_retry_after() {
    let hostile = Arc::new(HostilePlugin::open().await);
    // Each request holds its permit until its time limit, which is longer than the permit timeout.
    let replies = send_at_once(&hostile, 200, "/sleep").await;
    let counts = by_status(&replies);
    assert_eq!(counts.values().sum::<usize>(), 200, "{counts:?}");
    assert_eq!(counts.get(&500), Some(&64), "{counts:?}");
    assert_eq!(counts.get(&503), Some(&136), "{counts:?}");
    for reply in replies.iter().filter(|reply| reply.status == 503) {
        assert!(reply.headers.iter().any(|(name, _)| name == "Retry-After"));
    }
    let busy = hostile.counted("plugin_host_events_total{kind=\"request\",outcome=\"busy\"}");
    assert_eq!(busy, 136);
    let logged = hostile
        .log()
        .matches("as many as the policy allows")
        .count();
    assert_eq!(logged, 1, "rejections are throttled to one line");
    hostile.serves_requests().await;
}

/// If the policy names routes, a quarter of the permits is reserved for webhooks.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_run_though_users_have_all_other_permits() {
    let hostile = Arc::new(HostilePlugin::with_routes(&["/harmless"]).await);
    let hold = |number: usize| {
        let hostile = Arc::clone(&hostile);
        tokio::spawn(async move {
            let user = format!("user{}", number % 8);
            hostile.attack_as("/hold", Some(&user)).await.status
        })
    };
    let mut held: Vec<_> = (0..64).map(hold).collect();
    // 48 requests hold a permit until `go` is stored. The others were rejected.
    let busy = "plugin_host_events_total{kind=\"request\",outcome=\"busy\"}";
    hostile.until(busy, 16).await;
    assert_eq!(
        hostile.attack_as("/harmless", Some("user9")).await.status,
        503
    );
    assert_eq!(
        hostile.post("/harmless", vec![0; 33 * 1024]).await.status,
        503
    );
    assert_eq!(hostile.post("/elsewhere", Vec::new()).await.status, 503);
    assert_eq!(hostile.post("/harmless", b"{}".to_vec()).await.status, 200);
    hostile.api.world().store("go", b"now");
    held.retain(|one| !one.is_finished());
    assert_eq!(held.len(), 48);
    for one in held {
        assert_eq!(one.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_commands_does_not_keep_the_configuration_from_changing() {
    let hostile = Arc::new(HostilePlugin::open().await);
    let commands = (0..20).map(|number| {
        let hostile = Arc::clone(&hostile);
        tokio::spawn(async move {
            let args = CommandArgs {
                command: "/hostile hold".to_owned(),
                user_id: format!("user{number}"),
                ..CommandArgs::default()
            };
            hostile.plugin.command(args).await.is_err()
        })
    });
    let commands: Vec<_> = commands.collect();
    // 16 commands hold a permit until `go` is stored. The others were rejected.
    let busy = "plugin_host_events_total{kind=\"command\",outcome=\"busy\"}";
    hostile.until(busy, 4).await;
    hostile.plugin.reload().await.unwrap();
    let are_running = |one: &&JoinHandle<bool>| !one.is_finished();
    assert_eq!(commands.iter().filter(are_running).count(), 16);
    hostile.api.world().store("go", b"now");
    let mut rejected = 0;
    for command in commands {
        rejected += usize::from(command.await.unwrap());
    }
    assert_eq!(rejected, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_gets_only_a_quarter_of_the_permits() {
    let hostile = Arc::new(HostilePlugin::open().await);
    let hold = |user: &str| {
        let (hostile, user) = (Arc::clone(&hostile), user.to_owned());
        tokio::spawn(async move {
            let args = CommandArgs {
                command: "/hostile hold".to_owned(),
                user_id: user,
                ..CommandArgs::default()
            };
            hostile.plugin.command(args).await.is_err()
        })
    };
    let mut of_one: Vec<_> = (0..20).map(|_| hold("greedy")).collect();
    let rejected = "plugin_host_requests_rejected_total{reason=\"per_user_limit\"}";
    // 4 of 16 permits are held until `go` is stored.
    hostile.until(rejected, 16).await;
    let of_another = hold("another");
    let args = CommandArgs {
        command: "/hostile harmless".to_owned(),
        user_id: "a third".to_owned(),
        ..CommandArgs::default()
    };
    assert!(hostile.plugin.command(args).await.is_ok());
    of_one.retain(|one| !one.is_finished());
    assert_eq!(of_one.len(), 4);
    hostile.api.world().store("go", b"now");
    for one in of_one.into_iter().chain([of_another]) {
        assert!(!one.await.unwrap());
    }
}
