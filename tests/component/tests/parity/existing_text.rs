//! Languages.

use component_tests::scene::{Scene, link_in};

/// A sentence without the link in it, which is another one each time.
fn without_link(sentence: &str) -> String {
    let link = link_in(sentence).unwrap_or_default();
    sentence.replace(&link, "")
}

/// Each person reads their own language; what the channel reads is the same for all.
#[tokio::test(flavor = "multi_thread")]
async fn d36_everybody_reads_their_own_language() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let uwe = scene.person("uwe");
    let fay = scene.person("fay");
    {
        let mut world = scene.api.world();
        for (user, locale) in [(&uwe, "de"), (&fay, "tlh")] {
            world.users.get_mut(user).unwrap().locale = locale.to_owned();
        }
    }
    let town = scene.channel("town", &[&ann, &uwe, &fay]);
    for command in [
        "/zoom help",
        "/zoom dance",
        "/zoom start",
        "/zoom disconnect",
    ] {
        let english = scene.asks(&ann, &town, command).await;
        let german = scene.asks(&uwe, &town, command).await;
        assert_ne!(english, german, "{command}");
        let unknown = scene.asks(&fay, &town, command).await;
        assert_eq!(without_link(&unknown), without_link(&english), "{command}");
    }
    let german = scene.asks(&uwe, &town, "/zoom dance").await;
    assert!(german.contains("Unbekannte Aktion `dance`"), "{german}");
    scene.connects(&uwe, &town).await;
    let question = scene.types(&uwe, &town, "/zoom start").await.pop().unwrap();
    assert!(
        question.text().contains("Welche Meeting-ID"),
        "{}",
        question.text()
    );
    assert_eq!(scene.press(&question, "WithoutPMI").await.status, 200);
    let changed = scene.api.world().ephemeral_changes.pop().unwrap();
    assert!(format!("{:?}", changed.1).contains("Meeting-ID"));
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(post.message, "I have started a meeting");
}
