//! More at once than the policy allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::CommandArgs;
use plugin_host::Reply;
use tokio::task::JoinHandle;

use crate::Den;

/// Sends that many requests at once and waits for all of them.
async fn crowd(den: &Arc<Den>, size: usize, url: &'static str) -> Vec<Reply> {
    let asking = (0..size).map(|_| {
        let den = Arc::clone(den);
        tokio::spawn(async move { den.attack(url).await })
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
async fn two_hundred_at_once_are_all_answered_though_sixty_four_may_run() {
    let den = Arc::new(Den::open().await);
    let replies = crowd(&den, 200, "/harmless").await;
    assert_eq!(by_status(&replies), BTreeMap::from([(200, 200)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_cannot_wait_are_told_to_come_again_and_none_is_lost() {
    let den = Arc::new(Den::open().await);
    // Each of these holds its place until its time limit, longer than anybody waits for a place.
    let replies = crowd(&den, 200, "/sleep").await;
    let counts = by_status(&replies);
    assert_eq!(counts.values().sum::<usize>(), 200, "{counts:?}");
    assert_eq!(counts.get(&500), Some(&64), "{counts:?}");
    assert_eq!(counts.get(&503), Some(&136), "{counts:?}");
    for reply in replies.iter().filter(|reply| reply.status == 503) {
        assert!(reply.headers.iter().any(|(name, _)| name == "Retry-After"));
    }
    let busy = den.counted("plugin_host_events_total{kind=\"request\",outcome=\"busy\"}");
    assert_eq!(busy, 136);
    let told = den.log().matches("as many as the policy allows").count();
    assert_eq!(told, 1, "a crowd is one line");
    den.is_unhurt().await;
}

/// A quarter of what may run is reserved for them where the policy names routes.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_run_though_users_have_all_other_permits() {
    let den = Arc::new(Den::with_routes(&["/harmless"]).await);
    let hold = |number: usize| {
        let den = Arc::clone(&den);
        tokio::spawn(async move {
            let user = format!("user{}", number % 8);
            den.attack_as("/hold", Some(&user)).await.status
        })
    };
    let mut held: Vec<_> = (0..64).map(hold).collect();
    // Forty-eight have a permit until they may go, and the others have given up.
    let busy = "plugin_host_events_total{kind=\"request\",outcome=\"busy\"}";
    den.until(busy, 16).await;
    assert_eq!(den.attack_as("/harmless", Some("user9")).await.status, 503);
    assert_eq!(den.post("/harmless", vec![0; 33 * 1024]).await.status, 503);
    assert_eq!(den.post("/elsewhere", Vec::new()).await.status, 503);
    assert_eq!(den.post("/harmless", b"{}".to_vec()).await.status, 200);
    den.api.world().store("go", b"now");
    held.retain(|one| !one.is_finished());
    assert_eq!(held.len(), 48);
    for one in held {
        assert_eq!(one.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_commands_does_not_keep_the_configuration_from_changing() {
    let den = Arc::new(Den::open().await);
    let commands = (0..20).map(|number| {
        let den = Arc::clone(&den);
        tokio::spawn(async move {
            let args = CommandArgs {
                command: "/hostile hold".to_owned(),
                user_id: format!("user{number}"),
                ..CommandArgs::default()
            };
            den.plugin.command(args).await.is_err()
        })
    });
    let commands: Vec<_> = commands.collect();
    // Sixteen have a place until they may go, and the others have given up.
    let busy = "plugin_host_events_total{kind=\"command\",outcome=\"busy\"}";
    den.until(busy, 4).await;
    den.plugin.reload().await.unwrap();
    let are_running = |one: &&JoinHandle<bool>| !one.is_finished();
    assert_eq!(commands.iter().filter(are_running).count(), 16);
    den.api.world().store("go", b"now");
    let mut given_up = 0;
    for command in commands {
        given_up += usize::from(command.await.unwrap());
    }
    assert_eq!(given_up, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_has_a_part_of_the_turns_and_leaves_the_others_to_the_others() {
    let den = Arc::new(Den::open().await);
    let hold = |user: &str| {
        let (den, user) = (Arc::clone(&den), user.to_owned());
        tokio::spawn(async move {
            let args = CommandArgs {
                command: "/hostile hold".to_owned(),
                user_id: user,
                ..CommandArgs::default()
            };
            den.plugin.command(args).await.is_err()
        })
    };
    let mut of_one: Vec<_> = (0..20).map(|_| hold("greedy")).collect();
    let turned_away = "plugin_host_requests_turned_away_total{reason=\"share\"}";
    // Four have a turn until they may go, of sixteen.
    den.until(turned_away, 16).await;
    let of_another = hold("another");
    let args = CommandArgs {
        command: "/hostile harmless".to_owned(),
        user_id: "a third".to_owned(),
        ..CommandArgs::default()
    };
    assert!(den.plugin.command(args).await.is_ok());
    of_one.retain(|one| !one.is_finished());
    assert_eq!(of_one.len(), 4);
    den.api.world().store("go", b"now");
    for one in of_one.into_iter().chain([of_another]) {
        assert!(!one.await.unwrap());
    }
}
