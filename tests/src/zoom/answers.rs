//! The bodies of Zoom's responses, with all documented fields.

use serde_json::{Map, Value, json};

use super::meeting::{INSTANT, Meeting, PERSONAL, RECURRING};
use super::user::User;

/// `GET /users/{id}`.
pub(super) fn user(user: &User, account: &str) -> Value {
    let status = match user {
        User { pending: true, .. } => "pending",
        User { inactive: true, .. } => "inactive",
        _ => "active",
    };
    let kind = if user.licensed { 2 } else { 1 };
    let mut body = json!({
        "id": user.id, "email": user.email, "pmi": user.pmi, "type": kind, "status": status,
        "account_id": account, "account_number": 47_110_815,
        "first_name": "Test", "last_name": "Person", "display_name": "Test Person",
        "created_at": "2021-05-10T12:13:14Z", "user_created_at": "2021-05-10T12:13:14Z",
        "last_client_version": "6.4.6.1370(mac)", "last_login_time": "2026-01-12T08:09:10Z",
        "role_id": "0", "role_name": "Owner", "timezone": "Europe/Berlin", "language": "en-US",
        "use_pmi": false, "personal_meeting_url": format!("https://us05web.zoom.us/j/{}?pwd=personal", user.pmi),
        "pic_url": "", "vanity_url": "", "verified": 1,
    });
    let profile = json!({
        "dept": "", "company": "", "location": "",
        "job_title": "", "manager": "", "cost_center": "", "employee_unique_id": "", "jid": "",
        "cms_user_id": "", "cluster": "us05", "login_types": [100], "phone_country": "",
        "phone_number": "", "plan_united_type": "1", "pronouns": "", "pronouns_option": 3,
        "zoom_one_type": 16,
        "phone_numbers": [{"code": "", "country": "", "label": "", "number": "", "verified": false}],
        "custom_attributes": [{"key": "k", "name": "n", "value": "v"}],
        "group_ids": [], "division_ids": [], "im_group_ids": [],
        "license_info_list": [{
            "license_type": "ZOOM_WORKPLACE_BUNDLE", "license_option": 16, "subscription_id": "",
        }],
    });
    if let (Value::Object(body), Value::Object(profile)) = (&mut body, profile) {
        body.extend(profile);
    }
    body
}

/// `GET /meetings/{id}` and `POST /users/{id}/meetings`. `base` is where links lead.
pub(super) fn meeting(meeting: &Meeting, base: &str) -> Value {
    let kind = if meeting.kind == 0 {
        INSTANT
    } else {
        meeting.kind
    };
    let mut body = json!({
        "uuid": meeting.uuid, "id": meeting.id, "host_id": meeting.host_id,
        "host_email": meeting.host_email, "assistant_id": "", "topic": meeting.topic, "type": kind,
        "status": if meeting.in_progress { "started" } else { "waiting" }, "timezone": "Europe/Berlin", "agenda": "",
        "created_at": meeting.start_time, "duration": 60, "join_url": meeting.join_url,
        "start_url": format!("{base}/s/{}?zak=start-secret", meeting.id),
        "chat_join_url": format!("{base}/launch/jc/{}", meeting.id),
        "password": meeting.passcode, "h323_password": meeting.passcode,
        "pstn_password": meeting.passcode, "encrypted_password": meeting.passcode,
        "pre_schedule": false, "creation_source": "open_api", "dynamic_host_key": "",
        "settings": settings(meeting.pmi > 0),
    });
    let later = if kind == INSTANT || kind == PERSONAL {
        Map::new()
    } else {
        scheduled(meeting, kind, base)
    };
    if let Some(body) = body.as_object_mut() {
        body.extend(later);
    }
    body
}

/// The additional fields of a scheduled meeting.
fn scheduled(meeting: &Meeting, kind: u8, base: &str) -> Map<String, Value> {
    let mut more = Map::from_iter([
        ("start_time".to_owned(), json!(meeting.start_time)),
        (
            "tracking_fields".to_owned(),
            json!([{"field": "f", "value": "v", "visible": true}]),
        ),
        ("template_id".to_owned(), json!("")),
        (
            "registration_url".to_owned(),
            json!(format!("{base}/meeting/register/{}", meeting.id)),
        ),
    ]);
    if meeting.pmi > 0 {
        more.insert("pmi".to_owned(), json!(meeting.pmi.to_string()));
    }
    if kind == RECURRING {
        let occurrence = json!({
            "occurrence_id": "1786024200000", "start_time": meeting.start_time, "duration": 60,
            "status": "available",
        });
        more.insert("occurrences".to_owned(), json!([occurrence]));
        let recurrence = json!({
            "type": 2, "repeat_interval": 1, "weekly_days": "5", "end_times": 12,
            "end_date_time": "", "monthly_day": 0, "monthly_week": 0, "monthly_week_day": 0,
        });
        more.insert("recurrence".to_owned(), recurrence);
    }
    more
}

/// The settings of a meeting, as an account without special policies has them.
fn settings(use_pmi: bool) -> Value {
    let mut settings = Map::new();
    for name in SWITCHED_OFF {
        settings.insert((*name).to_owned(), json!(false));
    }
    for name in SWITCHED_ON {
        settings.insert((*name).to_owned(), json!(true));
    }
    for name in EMPTY {
        settings.insert((*name).to_owned(), json!(""));
    }
    let rest = json!({
        "use_pmi": use_pmi,
        "additional_data_center_regions": [],
        "approval_type": 2,
        "approved_or_denied_countries_or_regions": {
            "enable": false, "method": "approve", "approved_list": [], "denied_list": [],
        },
        "audio": "both",
        "authentication_exception": [{"email": "", "name": "", "join_url": ""}],
        "auto_recording": "none",
        "auto_add_recording_to_video_management": {
            "enable": false, "channels": [{"channel_id": "", "name": ""}],
        },
        "breakout_room": {"enable": false, "rooms": [{"name": "", "participants": []}]},
        "calendar_type": 2,
        "continuous_meeting_chat": {
            "enable": false, "auto_add_invited_external_users": false,
            "auto_add_meeting_participants": false, "channel_id": "",
        },
        "custom_keys": [{"key": "", "value": ""}],
        "encryption_type": "enhanced_encryption",
        "global_dial_in_countries": ["DE"],
        "global_dial_in_numbers": [{
            "city": "", "country": "DE", "country_name": "Germany", "number": "", "type": "toll",
        }],
        "jbh_time": 0,
        "language_interpretation": {
            "enable": false,
            "interpreters": [{"email": "", "languages": "", "interpreter_languages": ""}],
        },
        "sign_language_interpretation": {
            "enable": false, "interpreters": [{"email": "", "sign_language": ""}],
        },
        "meeting_invitees": [{"email": "", "internal_user": false}],
        "question_and_answer": {
            "enable": false, "allow_submit_questions": false, "allow_anonymous_questions": false,
            "question_visibility": "all", "attendees_can_comment": false,
            "attendees_can_upvote": false,
        },
        "registration_type": 1,
        "resources": [{"resource_type": "", "resource_id": "", "permission_level": ""}],
        "waiting_room_options": {
            "mode": "follow_setting", "who_goes_to_waiting_room": "everyone",
        },
        "who_can_ask_questions": 1,
        "who_will_receive_summary": 1,
    });
    if let Value::Object(rest) = rest {
        settings.extend(rest);
    }
    Value::Object(settings)
}

const SWITCHED_OFF: &[&str] = &[
    "allow_host_control_participant_mute_state",
    "alternative_host_manage_cloud_recording",
    "alternative_host_manage_meeting_summary",
    "alternative_host_update_polls",
    "auto_start_ai_companion_questions",
    "auto_start_meeting_summary",
    "close_registration",
    "cn_meeting",
    "device_testing",
    "disable_participant_video",
    "email_in_attendee_report",
    "enforce_login",
    "focus_mode",
    "host_save_video_order",
    "host_video",
    "in_meeting",
    "internal_meeting",
    "join_before_host",
    "meeting_authentication",
    "mute_upon_entry",
    "participant_focused_meeting",
    "participant_video",
    "private_meeting",
    "push_change_to_calendar",
    "request_permission_to_unmute_participants",
    "watermark",
];
const SWITCHED_ON: &[&str] = &[
    "allow_multiple_devices",
    "alternative_hosts_email_notification",
    "email_notification",
    "registrants_confirmation_email",
    "registrants_email_notification",
    "show_join_info",
    "show_share_button",
    "waiting_room",
];
const EMPTY: &[&str] = &[
    "alternative_hosts",
    "audio_conference_info",
    "authentication_domains",
    "authentication_name",
    "authentication_option",
    "contact_email",
    "contact_name",
    "enforce_login_domains",
    "summary_template_id",
];
