use super::*;

#[test]
fn the_files_are_there() {
    for file in areas().unwrap().values().flat_map(|area| &area.files) {
        let place = root().join(file.trim_end_matches("*.rs"));
        assert!(place.exists(), "{file}");
    }
}
