//! A client of the mock Zoom server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plugin_tests::zoom::{App, Zoom};
use serde_json::Value;
use url::Url;

/// A client with the requests of a browser and of a plugin.
pub struct Visitor {
    pub zoom: Zoom,
    pub agent: ureq::Agent,
}

const REDIRECT: &str = "http://localhost:1/complete";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Visitor {
    pub fn new() -> Visitor {
        let zoom = Zoom::start(App {
            client_id: "id".to_owned(),
            client_secret: "a+b".to_owned(),
            webhook_secret: "token".to_owned(),
        })
        .unwrap();
        zoom.allow_redirect(REDIRECT);
        let agent = zoom.browser();
        Visitor { zoom, agent }
    }

    pub fn code(&self) -> String {
        let base = self.zoom.url();
        let page = format!(
            "{base}/oauth/authorize?client_id=id&response_type=code&state=s&code_challenge=\
             {CHALLENGE}&code_challenge_method=S256&redirect_uri={REDIRECT}"
        );
        let back = Url::parse(&self.zoom.consent(&page).unwrap()).unwrap();
        back.query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned()
    }

    pub fn token(&self, form: &str) -> (u16, Value) {
        let basic = STANDARD.encode("id:a%2Bb");
        let answer = self
            .agent
            .post(format!("{}/oauth/token", self.zoom.url()))
            .header("Authorization", format!("Basic {basic}"))
            .send(form);
        read(answer.unwrap())
    }

    pub fn exchange(&self, code: &str, verifier: &str) -> (u16, Value) {
        self.token(&format!(
            "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&code_verifier={verifier}"
        ))
    }

    pub fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&format!("grant_type=refresh_token&refresh_token={token}"))
    }

    pub fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.agent.get(format!("{}{path}", self.zoom.api_url()));
        read(
            request
                .header("Authorization", format!("Bearer {token}"))
                .call()
                .unwrap(),
        )
    }
}

pub fn read(answer: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let (parts, mut body) = answer.into_parts();
    (
        parts.status.as_u16(),
        serde_json::from_str(&body.read_to_string().unwrap()).unwrap(),
    )
}
