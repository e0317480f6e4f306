use super::list;
use crate::packages::tests::TARGET;
use crate::packages::{GUEST, HOST, packages};
use auditable_serde::{DependencyKind, VersionInfo};
use std::str::FromStr as _;

#[test]
fn the_reader_of_the_field_understands_the_list_of_the_real_packages() {
    let packages = packages(TARGET).unwrap();
    let info = VersionInfo::from_str(&list(&packages).unwrap()).unwrap();
    assert_eq!(info.packages.len(), packages.len());
    let find = |name: &str| {
        let mut named = info.packages.iter().filter(|one| one.name == name);
        named.next().unwrap()
    };
    let host = find(HOST);
    assert!(host.root);
    let needs: Vec<&str> = host
        .dependencies
        .iter()
        .map(|place| info.packages[*place].name.as_str())
        .collect();
    assert!(
        needs.contains(&"wasmtime") && needs.contains(&GUEST),
        "{needs:?}"
    );
    assert!(find("syn").kind == DependencyKind::Build);
    assert!(find("wasmtime").kind == DependencyKind::Runtime);
}
