//! Meetings, recordings, and the webhooks about them.

use super::Zoom;
use super::meeting::{Meeting, Schedule};
use super::state::File;
use super::user::User;
use super::webhook::{self, Webhook};

impl Zoom {
    /// Schedules a meeting at Zoom itself.
    pub fn schedule(&self, host: &User, plan: Schedule) -> Meeting {
        self.shared.lock().account.schedule(host, plan)
    }

    /// Restarts a meeting: the same meeting ID, a new UUID, started now.
    pub fn restart(&self, meeting: &Meeting) -> Meeting {
        self.shared.lock().account.restart(meeting)
    }

    /// Starts the user's personal meeting: a meeting of type 4 with a new UUID.
    pub fn enter_room(&self, host: &User) -> Meeting {
        self.shared.lock().account.enter_room(host)
    }

    /// Marks this occurrence as in progress in Zoom's responses.
    pub fn begin(&self, meeting: &Meeting) {
        self.finish(meeting);
        self.add_meeting(Meeting {
            in_progress: true,
            ..meeting.clone()
        });
    }

    /// Marks this occurrence as ended.
    pub fn finish(&self, meeting: &Meeting) {
        let meetings = &mut self.shared.lock().account.meetings;
        meetings.retain(|known| known.uuid != meeting.uuid || !known.in_progress);
    }

    /// Adds a meeting or a webinar that exists at Zoom.
    pub fn add_meeting(&self, meeting: Meeting) {
        self.shared.lock().account.meetings.push(meeting);
    }

    /// The same address at another host of Zoom, such as `us02web.zoom.us`.
    pub fn at(&self, host: &str, address: &str) -> String {
        address.replace(&self.shared.base, &format!("https://{host}"))
    }

    /// All meetings made so far, oldest first.
    pub fn meetings(&self) -> Vec<Meeting> {
        self.shared.lock().account.meetings.clone()
    }

    /// Adds a file of a recording and answers with its address. A request with [`Zoom::download_token`] gets the
    /// file; any other request gets a page to sign in on, with status 200.
    pub fn add_file(&self, name: &str, content: &str) -> String {
        self.add_file_as(name, "text/vtt", content)
    }

    /// The same with another content type.
    pub fn add_file_as(&self, name: &str, content_type: &str, content: &str) -> String {
        let file = File::Content(content_type.to_owned(), content.to_owned());
        self.shared.lock().files.insert(name.to_owned(), file);
        format!("{}/rec/download/{name}", self.shared.base)
    }

    /// Adds a file whose address redirects to another host of Zoom, as recordings do, and answers with the first
    /// address. The second one needs no token.
    pub fn add_redirected_file(&self, name: &str, content: &str, host: &str) -> String {
        let stored = self.at(host, &self.add_file(&format!("{name}-stored"), content));
        let ticket = self.shared.lock().ticket.clone();
        self.redirect_file(name, &format!("{stored}?ticket={ticket}"))
    }

    /// Adds a redirect at the address of a file and answers with that address.
    pub fn redirect_file(&self, name: &str, to: &str) -> String {
        let file = File::Redirect(to.to_owned());
        self.shared.lock().files.insert(name.to_owned(), file);
        format!("{}/rec/download/{name}", self.shared.base)
    }

    /// The token in events about recordings, which downloads the files.
    pub fn download_token(&self) -> String {
        self.shared.lock().account.download_token.clone()
    }

    /// Invalidates the download token of earlier events. Later events have a new one.
    pub fn expire_download_token(&self) {
        self.shared.lock().account.renew_download_token();
    }

    /// Adds the scope that lets users' access tokens download recordings.
    pub fn let_users_download(&self) {
        self.shared.lock().users_download = true;
    }

    /// The names of the requested files, with the `Authorization` headers.
    pub fn downloads(&self) -> Vec<(String, String)> {
        self.shared.lock().downloads.clone()
    }

    /// A webhook about the recording of a meeting, signed and dated now.
    pub fn recorded(&self, event: &str, meeting: &Meeting, files: &serde_json::Value) -> Webhook {
        let body = {
            let account = &self.shared.lock().account;
            let token = &account.download_token;
            webhook::recording_event(event, meeting, files, &account.id, token, account.now())
        };
        self.webhook_with(body)
    }

    /// A webhook about a meeting, signed and dated now.
    pub fn webhook(&self, event: &str, meeting: &Meeting) -> Webhook {
        let body = {
            let account = &self.shared.lock().account;
            webhook::meeting_event(event, meeting, &account.id, account.now())
        };
        self.webhook_with(body)
    }

    /// A webhook with any body, signed and dated now.
    pub fn webhook_with(&self, body: String) -> Webhook {
        let now = self.shared.lock().account.now();
        Webhook::sign_at(&self.shared.app.webhook_secret, body, now.unix_timestamp())
    }
}
