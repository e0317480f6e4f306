use super::{parse, snake};

#[test]
fn go_names_become_rust_names() {
    let cases = [
        ("KVSetWithOptions", "kv_set_with_options"),
        ("IconURL", "icon_url"),
        ("IPAddress", "ip_address"),
        ("RoleID", "role_id"),
        ("userIds", "user_ids"),
        ("PublishWebSocketEvent", "publish_web_socket_event"),
    ];
    for (go, rust) in cases {
        assert_eq!(snake(go), rust);
    }
}

#[test]
fn an_invalid_line_is_in_the_error() {
    for line in ["GetUser", "[a]: x\nGetUser often", "[a]: x\n    Id: lost"] {
        let error = parse(line).err().unwrap().to_string();
        let last = line.lines().last().unwrap_or_default();
        assert!(error.ends_with(last), "{line:?} gave {error:?}");
    }
}
