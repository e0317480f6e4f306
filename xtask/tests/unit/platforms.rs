use super::PLATFORMS;
use crate::run::root;
use serde_json::Value;

#[test]
fn the_manifest_names_the_executable_of_every_platform_and_no_other() {
    let text = std::fs::read_to_string(root().join("plugin.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let named = manifest["server"]["executables"].as_object().unwrap();
    let mut named: Vec<_> = named
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str().unwrap()))
        .collect();
    let mut built: Vec<_> = PLATFORMS
        .iter()
        .map(|one| (one.name, one.executable))
        .collect();
    named.sort_unstable();
    built.sort_unstable();
    assert_eq!(named, built);
}
