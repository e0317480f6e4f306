//! Every call of the server made to fail, and the process killed before every call, in each flow that writes
//! more than once. Whoever caused it tries again, as people and Zoom do, on the process that comes next.

use component_tests::scene::{Scene, props};
use plugin_tests::zoom::Meeting;

use crate::support::scheduled;

/// No flow makes as many calls.
const CALLS: usize = 80;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It fails, and the next ones do not.
    Failure,
    /// The process is dead before it.
    Death,
}

const TROUBLES: [Trouble; 2] = [Trouble::Failure, Trouble::Death];

impl Trouble {
    fn at(self, scene: &Scene, call: usize) {
        let mut world = scene.api.world();
        let number = world.calls.len() + call;
        match self {
            Trouble::Failure => world.failing_call = Some(number),
            Trouble::Death => world.dead_from = Some(number),
        }
    }

    /// Ends it, and answers with the process that goes on and whether it happened at all.
    async fn ends(self, scene: Scene) -> (Scene, bool) {
        let reached = {
            let mut world = scene.api.world();
            let calls = world.calls.len();
            let (failing, dead) = (world.failing_call.take(), world.dead_from.take());
            failing.or(dead).is_some_and(|number| number < calls)
        };
        if self == Trouble::Failure {
            return (scene, reached);
        }
        let next = scene.another_node().await;
        (next, reached)
    }
}

/// Somebody who is connected, in a channel.
async fn begun() -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    (scene, ann, town)
}

fn statuses(scene: &Scene, channel: &str) -> Vec<String> {
    let posts = scene.posts(channel).into_iter();
    let status =
        |props: serde_json::Value| props["meeting_status"].as_str().unwrap_or("").to_owned();
    posts.map(|post| status(props(&post))).collect()
}

async fn ends(scene: &Scene, meeting: &Meeting) -> u16 {
    let webhook = scene.zoom.webhook("meeting.ended", meeting);
    scene.delivers(&webhook).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn zm092_d06_the_end_of_a_meeting_is_told_once_whichever_call_fails_or_is_never_made() {
    for trouble in TROUBLES {
        let mut reached = true;
        for call in 0..CALLS {
            let (scene, ann, town) = begun().await;
            scene.types(&ann, &town, "/zoom start Standup").await;
            let meeting = scene.zoom.meetings().pop().unwrap();
            trouble.at(&scene, call);
            ends(&scene, &meeting).await;
            let (scene, happened) = trouble.ends(scene).await;
            reached = happened;
            // Zoom repeats what was not answered with 200 after five minutes, and again later.
            for _ in 0..3 {
                scene.later(300);
                ends(&scene, &meeting).await;
                scene.works().await;
            }
            assert_eq!(ends(&scene, &meeting).await, 200, "{trouble:?} at {call}");
            assert_eq!(statuses(&scene, &town), ["ENDED"], "{trouble:?} at {call}");
            if !reached {
                break;
            }
        }
        assert!(!reached, "the flow makes fewer calls than that");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d39_a_start_can_be_repeated_whichever_call_fails_or_is_never_made() {
    let mut abandoned = Vec::new();
    for trouble in TROUBLES {
        let mut reached = true;
        for call in 0..CALLS {
            let (scene, ann, town) = begun().await;
            trouble.at(&scene, call);
            let told = scene.types(&ann, &town, "/zoom start Standup").await;
            let posted = scene.posts(&town).len();
            let (scene, happened) = trouble.ends(scene).await;
            reached = happened;
            // Either there is a meeting, or its user knows that there is none, or nobody could say so.
            let silent = posted == 0 && told.is_empty();
            assert!(
                !silent || trouble == Trouble::Death,
                "{trouble:?} at {call}"
            );
            scene.later(60);
            scene.types(&ann, &town, "/zoom start Again").await;
            assert!(!scene.posts(&town).is_empty(), "{trouble:?} at {call}");
            for meeting in scene.zoom.meetings() {
                assert_eq!(ends(&scene, &meeting).await, 200);
            }
            if statuses(&scene, &town)
                .iter()
                .any(|status| status != "ENDED")
            {
                abandoned.push((trouble, call));
            }
            if !reached {
                break;
            }
        }
        assert!(!reached, "the flow makes fewer calls than that");
    }
    // A process that dies between writing the post and remembering whose meeting it is leaves a post that
    // nothing leads to, and that is not believed: it stays as it is. No failure short of death does that.
    assert!(
        abandoned.len() <= 2
            && abandoned
                .iter()
                .all(|(trouble, _)| *trouble == Trouble::Death),
        "{abandoned:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d46_a_subscription_is_there_once_whichever_call_fails_or_is_never_made() {
    for trouble in TROUBLES {
        let mut reached = true;
        for call in 0..CALLS {
            let (scene, ann, town) = begun().await;
            scheduled(&scene, "ann");
            trouble.at(&scene, call);
            scene
                .types(&ann, &town, "/zoom subscription add 85746065432")
                .await;
            let (scene, happened) = trouble.ends(scene).await;
            reached = happened;
            scene
                .types(&ann, &town, "/zoom subscription add 85746065432")
                .await;
            let list = scene.asks(&ann, &town, "/zoom subscription list").await;
            let listed =
                list.matches("85746065432").count() + list.matches("857 4606 5432").count();
            assert_eq!(listed, 1, "{trouble:?} at {call}: {list}");
            if !reached {
                break;
            }
        }
        assert!(!reached, "the flow makes fewer calls than that");
    }
}
