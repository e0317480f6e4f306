//! Starting meetings, as seen by the members of a channel.

use plugin_tests::client::buttons;
use plugin_tests::scenario::is_meeting;
use plugin_tests::site::{message, prop};
use plugin_tests::zoom::{Route, User};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm067_without_a_personal_meeting_id_a_unique_one_is_used_and_explained",
        no_personal,
    ),
    (
        "zm084_zm085_d21_a_meeting_post_carries_what_clients_need",
        the_post,
    ),
    (
        "zm063_zm086_only_the_starter_is_sent_to_the_meeting",
        the_event,
    ),
    (
        "zm073_zm074_the_answer_to_the_first_question_is_kept",
        the_question,
    ),
    (
        "zm067_the_personal_meeting_id_is_used_when_chosen",
        personal,
    ),
    (
        "zm070_zm071_a_second_start_within_thirty_seconds_warns",
        recent,
    ),
    ("zm072_a_forced_start_makes_another_meeting", forced),
    ("zm064_d42_a_start_in_a_thread_stays_there", threaded),
    (
        "zm081_meetings_can_be_kept_out_of_public_channels",
        restricted,
    ),
    ("zm018_zm020_help_and_mistakes_are_answered", help),
    ("f38_the_bot_speaks_the_readers_language", languages),
    (
        "f38_a_card_is_in_the_default_language_of_the_server",
        language_of_channels,
    ),
];

fn the_post(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let post = start(&ada, &room, "Sprint *42* planning")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let seen = ada.client.post_by_id(post["id"].as_str().unwrap())?;
    assert_eq!(
        seen["user_id"],
        ada.client.user_id(),
        "the post is the starter's own"
    );
    assert!(!message(&seen).is_empty());
    let props = &seen["props"];
    assert_eq!(props["meeting_id"], meeting.id);
    assert_eq!(props["meeting_uuid"], meeting.uuid.as_str());
    assert_eq!(props["meeting_link"], meeting.join_url.as_str());
    assert_eq!(props["meeting_status"], "STARTED");
    assert_eq!(props["meeting_personal"], false);
    assert_eq!(props["meeting_topic"], "Sprint *42* planning");
    assert_eq!(props["meeting_provider"], "Zoom");
    assert!(
        props["meeting_creator_username"]
            .as_str()
            .unwrap()
            .starts_with("person")
    );
    let attachment = &props["attachments"][0];
    assert!(
        attachment["text"]
            .as_str()
            .unwrap()
            .contains(&meeting.join_url),
        "{attachment}"
    );
    assert_eq!(meeting.requested["topic"], "Sprint *42* planning");
    assert!(
        meeting
            .requested
            .get("settings")
            .is_none_or(|s| s.get("waiting_room").is_none()),
        "D21"
    );
    Ok(())
}

fn the_event(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let bob = site.person(&name("person"), &room)?;
    let (ada_mark, bob_mark) = (ada.events.mark(), bob.events.mark());
    let post = start(&ada, &room, "")?;
    let is_event =
        |event: &plugin_tests::websocket::Event| event.name == "custom_zoom_meeting_started";
    let event = ada
        .events
        .wait(ada_mark, "the event for the starter", is_event)?;
    assert_eq!(event.data["meeting_url"], post["props"]["meeting_link"]);
    assert_eq!(event.broadcast["user_id"], ada.client.user_id());
    assert_eq!(
        post["props"]["meeting_topic"], "Zoom Meeting",
        "the topic when none was typed"
    );
    // Events for bob that were sent before this message have arrived.
    let last = ada.client.write(&room.channel, "", "over")?;
    bob.events
        .wait_for_post(bob_mark, "posted", |post| post["id"] == last.as_str())?;
    assert!(
        !bob.events.since(bob_mark).iter().any(is_event),
        "bob was sent to ada's meeting"
    );
    Ok(())
}

fn the_question(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    site.connect(&ada, &room)?;
    let mark = ada.events.mark();
    let question = ada.asks(&room, "/zoom start")?;
    let ids: Vec<String> = buttons(&question)
        .iter()
        .map(|b| b["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["WithPMI", "WithoutPMI"]);
    assert!(
        meeting_posts(&ada, &room)?.is_empty(),
        "no meeting before the answer"
    );
    ada.client.press(&question, "WithoutPMI")?;
    ada.events
        .wait_for_post(mark, "posted", |post| is_meeting(post, &room))?;

    // In another room there is no recent meeting, and no question.
    let second = site.room(&name("room"))?;
    site.administrator
        .add_to_team(&second.team, ada.client.user_id())?;
    site.administrator
        .add_to_channel(&second.channel, ada.client.user_id())?;
    start(&ada, &second, "")?;
    ada.prefers(&second, "Ask")?;
    let third = site.room(&name("room"))?;
    site.administrator
        .add_to_team(&third.team, ada.client.user_id())?;
    site.administrator
        .add_to_channel(&third.channel, ada.client.user_id())?;
    assert_eq!(buttons(&ada.asks(&third, "/zoom start")?).len(), 2);
    Ok(())
}

fn personal(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    site.connect(&ada, &room)?;
    ada.prefers(&room, "Yes")?;
    let created = site.zoom.count(Route::CreateMeeting);
    let post = start(&ada, &room, "")?;
    let pmi = site.zoom.signed_in().pmi;
    assert_eq!(post["props"]["meeting_id"], pmi);
    assert!(prop(&post, "meeting_link").contains(&pmi.to_string()));
    assert_eq!(
        site.zoom.count(Route::CreateMeeting),
        created,
        "a personal room exists already"
    );
    Ok(())
}

fn no_personal(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    site.zoom.sign_in_as(User {
        pmi: 0,
        ..User::new("no-room@example.com")
    });
    site.connect(&ada, &room)?;
    ada.prefers(&room, "Yes")?;
    let mark = ada.events.mark();
    let post = start(&ada, &room, "")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    assert_eq!(post["props"]["meeting_id"], meeting.id);
    let why = |post: &serde_json::Value| message(post).contains("/profile/setting");
    ada.events.wait_for_ephemeral(mark, why)?;
    Ok(())
}

fn recent(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let bob = site.person(&name("person"), &room)?;
    site.zoom.sign_in_as(User::new("bob@zoom.example.com"));
    site.connect(&bob, &room)?;
    bob.prefers(&room, "No")?;
    let post = start(&ada, &room, "First")?;
    let created = site.zoom.count(Route::CreateMeeting);
    let warning = bob.asks(&room, "/zoom start Second")?;
    assert_eq!(prop(&warning, "meeting_status"), "RECENTLY_CREATED");
    // The server replaces the type of every ephemeral post; clients use the prop.
    assert_eq!(prop(&warning, "type"), "custom_zoom");
    assert_eq!(prop(&warning, "meeting_link"), prop(&post, "meeting_link"));
    assert_eq!(prop(&warning, "meeting_topic"), "First");
    assert_eq!(prop(&warning, "requested_topic"), "Second");
    assert_eq!(site.zoom.count(Route::CreateMeeting), created);
    assert_eq!(meeting_posts(&ada, &room)?.len(), 1);
    Ok(())
}

fn forced(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    start(&ada, &room, "First")?;
    let body = json!({"channel_id": room.channel, "topic": "Second", "connection_id": ada.events.connection_id()});
    let mark = ada.events.mark();
    let warned = ada.client.plugin_json("/api/v1/meetings", &body)?;
    assert_eq!(
        (warned.status, warned.json()["meeting_url"].as_str()),
        (200, Some(""))
    );
    ada.events.wait_for_ephemeral(mark, |post| {
        prop(post, "meeting_status") == "RECENTLY_CREATED"
    })?;
    let forced = ada
        .client
        .plugin_json("/api/v1/meetings?force=true", &body)?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    assert_eq!(forced.status, 200);
    assert_eq!(forced.json()["meeting_url"], meeting.join_url.as_str());
    assert_eq!(meeting.topic, "Second");
    assert_eq!(meeting_posts(&ada, &room)?.len(), 2);
    Ok(())
}

fn threaded(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let root = ada.client.write(&room.channel, "", "shall we talk?")?;
    let mark = ada.events.mark();
    ada.client
        .command(&room.team, &room.channel, &root, "/zoom start")?;
    let post = ada
        .events
        .wait_for_post(mark, "posted", |post| is_meeting(post, &room))?;
    assert_eq!(post["root_id"], root.as_str());
    let mark = ada.events.mark();
    ada.client
        .command(&room.team, &room.channel, &root, "/zoom help")?;
    let help = ada.events.wait_for_ephemeral(mark, |_| true)?;
    assert_eq!(
        help["root_id"],
        root.as_str(),
        "D42: an answer stays in its thread"
    );
    Ok(())
}

fn restricted(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    settings(site, &json!({"restrictmeetingcreation": true}))?;
    let created = site.zoom.count(Route::CreateMeeting);
    let told = ada.asks(&room, "/zoom start")?;
    let posts = meeting_posts(&ada, &room)?;
    let rest = ada
        .client
        .plugin_json("/api/v1/meetings", &json!({"channel_id": room.channel}))?;
    settings(site, &json!({}))?;
    assert!(!message(&told).is_empty());
    assert!(posts.is_empty());
    assert!(rest.json()["error"].is_string(), "{}", rest.text());
    assert_eq!(site.zoom.count(Route::CreateMeeting), created);
    start(&ada, &room, "")?;
    Ok(())
}

/// The languages of the bot, with a part of the help and of the prompt to connect.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("de", "Diese Hilfe anzeigen", "Verbinde dein Zoom-Konto"),
    ("es", "Mostrar esta ayuda", "Conecta tu cuenta de Zoom"),
    ("fr", "Afficher cette aide", "Connectez votre compte Zoom"),
    ("ja", "このヘルプを表示する", "Zoomアカウントを接続"),
    ("zh-CN", "显示此帮助", "连接您的 Zoom 账户"),
    ("zh-TW", "Show this help", "Connect your Zoom account"),
];

fn languages(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    for (locale, help, connect) in LANGUAGES {
        let patch = format!("/api/v4/users/{}/patch", ada.client.user_id());
        ada.client.put(&patch, &json!({"locale": locale}))?;
        for (command, part) in [("/zoom help", help), ("/zoom start", connect)] {
            let told = ada.asks(&room, command)?;
            let text = message(&told);
            assert!(text.contains(part), "{locale}: {part} is not in: {text}");
        }
    }
    Ok(())
}

fn language_of_channels(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = connected(site)?;
    let default = |locale: &str| {
        let patch = json!({"LocalizationSettings": {"DefaultServerLocale": locale}});
        site.administrator.put("/api/v4/config/patch", &patch)
    };
    for (locale, started, ended) in [
        ("fr", "J’ai démarré une réunion", "La réunion est terminée."),
        ("en", "I have started a meeting", "The meeting has ended."),
    ] {
        let room = rooms(site, &ada, 1)?.remove(0);
        default(locale)?;
        let taken = plugin_tests::process::wait_until(SOON, || {
            let post = start(&ada, &room, "").ok()?;
            let meeting = site.zoom.meetings().pop()?;
            let end = site.zoom.webhook("meeting.ended", &meeting);
            (site.deliver(&end).ok()?.status == 200).then_some(())?;
            let card = ada.client.post_by_id(post["id"].as_str()?).ok()?;
            (message(&post) == started && message(&card) == ended).then_some(())
        });
        default("en")?;
        taken.ok_or_else(|| format!("the cards are not in {locale}"))?;
    }
    Ok(())
}

fn help(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    let text = message(&ada.asks(&room, "/zoom help")?).to_owned();
    for command in [
        "/zoom start",
        "/zoom settings",
        "/zoom connect",
        "/zoom disconnect",
    ] {
        assert!(text.contains(command), "{command} is not in: {text}");
    }
    let told = ada.asks(&room, "/zoom dance")?;
    assert!(message(&told).contains("dance"), "{}", message(&told));
    assert!(!message(&ada.asks(&room, "/zoom")?).is_empty());
    Ok(())
}
