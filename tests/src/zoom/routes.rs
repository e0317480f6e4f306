//! Zoom's routes and responses.

use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::account::{AppKind, http_date};
use super::fault::{DeadGrant, Fault, Refusal, SIGN_IN};
use super::http::{Delivery, Request, Response};
use super::state::{Authorization, File, Route, Shared, State};
use super::subscriptions;

/// The page of every meeting.
const MEETING_PAGE: &str = "<!doctype html><title>Meeting</title><p>The mock Zoom server has no meetings. \
    At Zoom, you would be in the meeting now.</p>";

/// The answer to one request, with the time by Zoom's clock. None closes the connection instead.
pub(super) fn answer(shared: &Shared, request: &Request) -> Option<Response> {
    let mut response = undated(shared, request)?;
    let date = http_date(shared.lock().account.now());
    response.headers.push(("Date", date));
    Some(response)
}

fn undated(shared: &Shared, request: &Request) -> Option<Response> {
    let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let route = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["oauth", "authorize"]) => Route::Authorize,
        ("POST", ["oauth", "token"]) => Route::Token,
        ("POST", ["oauth", "revoke"]) => Route::Revoke,
        ("POST", ["oauth", "data", "compliance"]) => Route::Compliance,
        ("GET", ["v2", "users", _]) => Route::User,
        ("POST", ["v2", "users", _, "meetings"]) => Route::CreateMeeting,
        ("GET", ["v2", "meetings", _]) => Route::Meeting,
        ("POST", ["v2", "marketplace", "app", "event_subscription"]) => Route::Subscribe,
        ("GET", ["rec", "download", _]) => Route::Download,
        ("GET", ["j", _]) => Route::Join,
        ("GET" | "HEAD", [""] | ["v2"]) => Route::Root,
        _ => Route::Unknown,
    };
    // A browser, not the plugin, opens these pages.
    if !matches!(route, Route::Authorize | Route::Join) && !shared.is_heard(route) {
        return None;
    }
    match next_fault(shared, route, request) {
        Some(Fault::HangUp) => return None,
        Some(Fault::Status(status, headers, body)) => {
            return Some(Response::with_headers(status, headers, body));
        }
        Some(Fault::Silence) => wait_for_release(shared),
        Some(Fault::Flood(bytes)) => {
            let mut response = Response::json(200, "x".repeat(64 * 1024));
            response.delivery = Delivery::Repeated(bytes);
            return Some(response);
        }
        Some(Fault::Half) => {
            let mut response = usual(shared, request, route, &parts);
            response.delivery = Delivery::Half;
            return Some(response);
        }
        None => {}
    }
    Some(usual(shared, request, route, &parts))
}

/// The answer of a route without a planned fault.
fn usual(shared: &Shared, request: &Request, route: Route, parts: &[&str]) -> Response {
    let mut state = shared.lock();
    let name = parts.get(2).map(|name| decode(name)).unwrap_or_default();
    match route {
        Route::Authorize => authorize(shared, &mut state, request),
        Route::Token => token(shared, &mut state, request),
        Route::Revoke => revoke(shared, &mut state, request),
        Route::Compliance if by_app(shared, request) => Response::json(200, json!({})),
        Route::Compliance => {
            oauth_error(401, "invalid_client", "Invalid client_id or client_secret")
        }
        Route::User => as_caller(
            &mut state,
            request,
            "user:read:user",
            |state, caller| match state.account.member(&name, caller) {
                Ok(user) if user.pending => refuse(Refusal::Pending, &name),
                Ok(user) => Response::json(200, state.account.user_json(&user)),
                Err(refusal) => refuse(refusal, &name),
            },
        ),
        Route::CreateMeeting => as_caller(
            &mut state,
            request,
            "meeting:write:meeting",
            |state, caller| create_meeting(state, &name, caller, &request.body),
        ),
        Route::Meeting => as_caller(&mut state, request, "meeting:read:meeting", |state, _| {
            state.account.meeting(&name).map_or_else(
                |refusal| refuse(refusal, &name),
                |meeting| Response::json(200, meeting),
            )
        }),
        Route::Download => download(&mut state, request, &name),
        Route::Join => {
            let headers = vec![("Content-Type", "text/html;charset=utf-8".to_owned())];
            Response::with_headers(200, headers, MEETING_PAGE.to_owned())
        }
        Route::Subscribe => {
            // Zoom visits the webhook's URL meanwhile, and the plugin may ask Zoom something.
            drop(state);
            subscriptions::create(shared, request)
        }
        Route::Root | Route::Unknown => error(404, 404, "Invalid API path."),
    }
}

/// A file, for a request with the token of the recording, with the ticket of a redirect, or with a user's token if the
/// app has the scope. As at Zoom, a request without any of them is answered with a page to sign in on, and with status
/// 200.
fn download(state: &mut State, request: &Request, name: &str) -> Response {
    let authorization = request.header("Authorization").to_owned();
    let token = &state.account.download_token;
    let bearer = authorization.strip_prefix("Bearer ").unwrap_or_default();
    let caller = state.account.caller(bearer);
    let lacks = state
        .account
        .grants
        .lacks(bearer, "cloud_recording:read:recording");
    let by_user = caller.is_some() && (state.users_download || lacks.is_none());
    let allowed = by_user
        || authorization == format!("Bearer {token}")
        || request.query("ticket") == state.ticket
        || request.query("access_token") == *token;
    state.downloads.push((name.to_owned(), authorization));
    match state.files.get(name) {
        Some(File::Redirect(to)) => Response::redirect(to.clone()),
        Some(File::Content(kind, content)) if allowed => {
            let headers = vec![("Content-Type", kind.clone())];
            Response::with_headers(200, headers, content.clone())
        }
        Some(File::Content(..)) => {
            let headers = vec![("Content-Type", "text/html;charset=utf-8".to_owned())];
            Response::with_headers(200, headers, SIGN_IN.to_owned())
        }
        None => error(404, 3301, "This recording does not exist."),
    }
}

/// Counts the request and takes the fault that is planned for it.
fn next_fault(shared: &Shared, route: Route, request: &Request) -> Option<Fault> {
    let mut state = shared.lock();
    *state.counts.entry(route).or_default() += 1;
    let host = request.header("Host").to_owned();
    state.hosts.push((route, host));
    state.paths.push(request.path.clone());
    state.faults.get_mut(&route)?.pop_front()
}

fn wait_for_release(shared: &Shared) {
    let state = shared.lock();
    let before = state.releases;
    let waited = shared
        .released
        .wait_while(state, |state| state.releases == before);
    drop(waited.unwrap_or_else(PoisonError::into_inner));
}

/// An error of the REST API.
fn error(status: u16, code: u32, message: &str) -> Response {
    Response::json(status, json!({"code": code, "message": message}))
}

/// An error of the REST API that [`Refusal`] lists.
fn refuse(refusal: Refusal, subject: &str) -> Response {
    Response::json(refusal.status(), refusal.body(subject))
}

/// An error of the token endpoint that [`DeadGrant`] lists.
fn dead(reason: DeadGrant) -> Response {
    Response::json(400, reason.body())
}

/// An OAuth error.
fn oauth_error(status: u16, error: &str, reason: &str) -> Response {
    Response::json(status, json!({"reason": reason, "error": error}))
}

fn decode(segment: &str) -> String {
    // A plus sign in a path is itself, unlike in a form.
    let form = segment.replace('+', "%2B");
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

fn as_caller(
    state: &mut State,
    request: &Request,
    scope: &str,
    then: impl FnOnce(&mut State, &str) -> Response,
) -> Response {
    let token = request
        .header("Authorization")
        .strip_prefix("Bearer ")
        .unwrap_or_default();
    if token.is_empty() {
        return error(401, 124, "Access token is empty.");
    }
    match state.account.caller(token) {
        Some(caller) => match state.account.grants.lacks(token, scope) {
            None => then(state, &caller),
            Some(scope) => {
                let message = format!("Invalid access token, does not contain scopes:[{scope}].");
                error(400, Refusal::NoScopes4711.code(), &message)
            }
        },
        None => error(401, 124, "Access token is expired."),
    }
}

/// The consent page. It redirects at once, without a user's consent.
fn authorize(shared: &Shared, state: &mut State, request: &Request) -> Response {
    let asked = Authorization {
        state: request.query("state"),
        code_challenge: request.query("code_challenge"),
        redirect_uri: request.query("redirect_uri"),
        host: request.header("Host").to_owned(),
    };
    state.last_authorization = Some(asked.clone());
    if request.query("client_id") != shared.app.client_id {
        return error(400, 4702, "Invalid client_id.");
    }
    if !state.account.redirects.contains(&asked.redirect_uri) {
        return error(400, 4700, "Invalid redirect url.");
    }
    if request.query("response_type") != "code" {
        return error(400, 4709, "Unsupported response_type.");
    }
    if !asked.code_challenge.is_empty() && request.query("code_challenge_method") != "S256" {
        return error(400, 4711, "Unsupported code_challenge_method.");
    }
    if state.account.grants.disabled {
        return error(400, 4717, DeadGrant::AppDisabled.reason());
    }
    let Ok(mut place) = Url::parse(&asked.redirect_uri) else {
        return error(400, 4700, "Invalid redirect url.");
    };
    if std::mem::take(&mut state.declines) {
        place
            .query_pairs_mut()
            .append_pair("error", "access_denied");
        place
            .query_pairs_mut()
            .append_pair("error_description", "The user declined.");
    } else {
        let code = state
            .account
            .issue_code(asked.code_challenge, asked.redirect_uri);
        place.query_pairs_mut().append_pair("code", &code);
    }
    place.query_pairs_mut().append_pair("state", &asked.state);
    Response::redirect(place.into())
}

/// Whether the request is authenticated as the app: HTTP Basic with form-encoded parts.
fn by_app(shared: &Shared, request: &Request) -> bool {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let (id, secret) = (&shared.app.client_id, &shared.app.client_secret);
    let expected = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    request.header("Authorization") == format!("Basic {expected}")
}

fn token(shared: &Shared, state: &mut State, request: &Request) -> Response {
    if !by_app(shared, request) {
        return oauth_error(401, "invalid_client", "Invalid client_id or client_secret");
    }
    let (grant, kind) = (request.form("grant_type"), state.account.kind);
    let user = match (grant.as_str(), kind) {
        ("account_credentials", AppKind::ServerToServer) => {
            return account_credentials(state, request);
        }
        ("client_credentials", AppKind::General) => {
            let scopes = [subscriptions::SCOPE.to_owned()];
            return Response::json(200, state.account.issue_app_token(&scopes));
        }
        ("authorization_code", AppKind::General) => match exchange(state, request) {
            Ok(user) => user,
            Err(response) => return response,
        },
        ("refresh_token", AppKind::General) => {
            let token = request.form("refresh_token");
            match state.account.grants.spend_refresh(&token) {
                Ok(user) => user,
                Err(reason) => return dead(reason),
            }
        }
        _ => return oauth_error(400, "unsupported_grant_type", "unsupported grant type"),
    };
    Response::json(200, state.account.issue_tokens(user))
}

/// A token for the server-to-server app itself.
fn account_credentials(state: &mut State, request: &Request) -> Response {
    if state.account.grants.disabled {
        return dead(DeadGrant::AppDisabled);
    }
    if request.form("account_id") != state.account.id {
        return oauth_error(400, "invalid_request", "Bad request");
    }
    let scopes = state.account.scopes.clone();
    Response::json(200, state.account.issue_app_token(&scopes))
}

/// Uses a code. Ends the user's earlier authorization.
fn exchange(state: &mut State, request: &Request) -> Result<String, Response> {
    let now = state.account.now();
    let grants = &mut state.account.grants;
    let Some(consent) = grants.spend_code(&request.form("code"), now) else {
        let reason = "Invalid authorization code";
        return Err(oauth_error(400, "invalid_grant", reason));
    };
    let consent = consent.map_err(dead)?;
    if consent.redirect_uri != request.form("redirect_uri") {
        return Err(dead(DeadGrant::RedirectMismatch));
    }
    if !verifies(&consent.code_challenge, &request.form("code_verifier")) {
        let reason = "Code verifier mismatch.";
        return Err(oauth_error(400, "invalid_grant", reason));
    }
    grants.replace(&consent.user);
    Ok(consent.user)
}

/// PKCE: the verifier's SHA-256 is the challenge.
fn verifies(challenge: &str, verifier: &str) -> bool {
    if challenge.is_empty() {
        return verifier.is_empty();
    }
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    (43..=128).contains(&verifier.len()) && URL_SAFE_NO_PAD.encode(hash) == challenge
}

fn revoke(shared: &Shared, state: &mut State, request: &Request) -> Response {
    if !by_app(shared, request) {
        return oauth_error(401, "invalid_client", "Invalid client_id or client_secret");
    }
    if state.account.grants.revoke(&request.form("token")) {
        Response::json(200, json!({"status": "success"}))
    } else {
        oauth_error(400, "invalid_request", "Invalid Token!")
    }
}

fn create_meeting(state: &mut State, name: &str, caller: &str, body: &[u8]) -> Response {
    let host = match state.account.member(name, caller) {
        Ok(host) if host.pending => return refuse(Refusal::Pending, name),
        Ok(host) if !host.licensed => return refuse(Refusal::NoLicense, name),
        Ok(host) => host,
        Err(refusal) => return refuse(refusal, name),
    };
    let Ok(requested) = serde_json::from_slice::<Value>(body) else {
        return error(400, 300, "Request Body should be a valid JSON object.");
    };
    if !requested.is_object() {
        return error(400, 300, "Request Body should be a valid JSON object.");
    }
    let topic = requested
        .get("topic")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if topic.chars().count() > 200 {
        return refuse(Refusal::Invalid, name);
    }
    let meeting = state.account.create_meeting(&host, requested);
    Response::json(201, state.account.meeting_json(&meeting))
}
