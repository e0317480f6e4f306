//! Checks that no secret leaks.
//!
//! The mock Zoom server remembers every code, token, and passcode that it issued. At the end of each scene, none of
//! them, and no secret of the settings, may be in a log line, a response, a message, or a record of the plugin. One
//! exception: responses and messages contain links, which contain passcodes. If the administrator enabled posting the
//! passcodes of recordings, posts are not searched.
//!
//! If a test has already failed, nothing is searched, so that its own message is shown.

use std::sync::PoisonError;

use crate::scene::{ENCRYPTION_KEY, Scene, WEBHOOK_SECRET};

/// The prefix of passcodes in links of the mock Zoom server.
const IN_LINKS: &str = "pwd";

impl Scene {
    /// Every secret of this scene.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.zoom.secrets();
        secrets.extend([WEBHOOK_SECRET.to_owned(), ENCRYPTION_KEY.to_owned()]);
        // The server generates some secrets itself.
        let settings = self.api.world().settings.clone();
        let generated = ["encryptionkey", "webhooksecret"];
        let generated = generated
            .into_iter()
            .filter_map(|key| settings.get(key)?.as_str());
        secrets.extend(
            generated
                .filter(|secret| secret.len() >= 16)
                .map(str::to_owned),
        );
        secrets
    }

    /// The places of leaked secrets, one line each.
    #[must_use]
    pub fn leaks(&self) -> Vec<String> {
        let secrets = self.secrets();
        let mut leaks = Vec::new();
        let mut look = |place: &str, text: &str, links: bool| {
            let secrets = secrets.iter().filter(|secret| !secret.is_empty());
            let mut secrets = secrets.filter(|secret| !(links && secret.starts_with(IN_LINKS)));
            if let Some(secret) = secrets.find(|secret| text.contains(secret.as_str())) {
                leaks.push(format!("{secret} is in {place}: {text}"));
            }
        };
        for line in self.log().lines() {
            look("the log", line, false);
        }
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for answer in answers.iter() {
            look("an answer", answer, true);
        }
        let world = self.api.world();
        for (reader, post) in world.ephemerals.iter().chain(&world.ephemeral_changes) {
            look(
                &format!("a message to {reader}"),
                &format!("{post:?}"),
                true,
            );
        }
        let passcodes = world.settings.get("enablepostingrecordingpassword");
        if passcodes != Some(&serde_json::Value::Bool(true)) {
            for post in &world.posts {
                look("a post", &format!("{post:?}"), true);
            }
        }
        for (key, value) in world.written() {
            look(
                &format!("the record {key}"),
                &String::from_utf8_lossy(value),
                false,
            );
            look("a key", key, false);
        }
        leaks
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.leave();
        if !std::thread::panicking() {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "secrets:\n{}", leaks.join("\n"));
        }
    }
}
