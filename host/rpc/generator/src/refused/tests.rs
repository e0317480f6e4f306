use super::{METHODS, TYPES, reason};
use crate::description::Description;

/// The committed description of the API.
fn committed() -> Description {
    serde_json::from_str(include_str!("../../../api/description.json")).unwrap()
}

/// Harmless methods whose names contain the same words as refused methods.
const HARMLESS: &[&str] = &[
    "CreateUploadSession",
    "GetConfig",
    "GetPluginConfig",
    "GetPluginID",
    "GetPluginStatus",
    "GetPlugins",
    "GetUploadSession",
    "ListPluginCommands",
    "LoadPluginConfiguration",
    "PluginHTTP",
    "PublishPluginClusterEvent",
    "RegisterPluginForSharedChannels",
    "RolesGrantPermission",
    "SavePluginConfig",
    "UnregisterPluginForSharedChannels",
    "UnregisterPluginRemoteForSharedChannels",
];

#[test]
fn every_method_with_a_suspicious_name_is_refused_or_known_to_be_harmless() {
    let description = committed();
    let suspicious = ["Session", "Token", "Role", "Plugin", "Auth", "Config"];
    let mut refused = 0;
    for method in description.methods() {
        let known = HARMLESS.contains(&method.name.as_str());
        let is_refused = reason(&description, method).is_some();
        assert!(!(known && is_refused), "{} is both", method.name);
        let is_suspicious = suspicious.iter().any(|word| method.name.contains(word));
        assert!(
            !is_suspicious || known || is_refused,
            "{} is new",
            method.name
        );
        refused += usize::from(is_refused);
    }
    assert!(refused >= 20, "only {refused} methods are refused");
}

#[test]
fn all_refused_methods_and_types_exist() {
    let description = committed();
    let known: Vec<&str> = description.methods().map(|one| one.name.as_str()).collect();
    for name in METHODS.lines() {
        assert!(known.contains(&name), "{name} is not a method");
    }
    for name in TYPES {
        assert!(description.named(name).is_some(), "{name} is not a type");
    }
}

#[test]
fn a_method_that_contains_a_credential_is_refused_whatever_its_name() {
    let text = r#"{"api":[{"name":"FindThing","results":["map[string][]*model.Wrapper","error"]}],
        "types":[{"name":"model.Wrapper","fields":[["Inner","model.Sessions"]]},
            {"name":"model.Sessions","is":"[]*model.Session"},{"name":"model.Session"}]}"#;
    let description: Description = serde_json::from_str(text).unwrap();
    let method = description.methods().next().unwrap();
    let reason = reason(&description, method);
    assert_eq!(reason.as_deref(), Some("FindThing contains model.Session"));
}
