use super::{Entry, pack};
use crate::run::{make_executable, scratch};
use std::fs;
use std::io::Read;
use std::time::{Duration, SystemTime};

fn entries() -> Vec<Entry> {
    vec![
        Entry::program("server/x", vec![7; 100]),
        Entry::file("plugin.json", b"{}".to_vec()),
    ]
}

#[test]
fn the_same_files_give_the_same_bytes_whenever_and_by_whom_they_were_written() {
    let place = scratch("bundle");
    let mut names = ["icon.svg", "a", "B"];
    let mut packed = Vec::new();
    for (folder, age) in [("one", 0), ("other", 1_000_000)] {
        let folder = place.join(folder);
        fs::create_dir(&folder).unwrap();
        for name in names {
            let path = folder.join(name);
            fs::write(&path, name).unwrap();
            let file = fs::File::options().append(true).open(&path).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(time).unwrap();
            if age > 0 {
                make_executable(&path).unwrap();
            }
        }
        names.reverse();
        packed.push(pack("p/", Entry::read_folder("public", &folder).unwrap()).unwrap());
    }
    fs::remove_dir_all(place).unwrap();
    assert!(packed[0] == packed[1]);
}

#[test]
fn a_folder_in_a_folder_is_no_part_of_the_bundle_and_named() {
    let folder = scratch("bundle-folder");
    fs::write(folder.join("icon.svg"), "").unwrap();
    assert!(Entry::read_folder("public", &folder).is_ok());
    fs::create_dir(folder.join("more")).unwrap();
    let told = Entry::read_folder("public", &folder).err().unwrap();
    let told = told.to_string();
    let named = format!("{}: this is a folder", folder.join("more").display());
    assert!(told.starts_with(&named), "{told}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn entries_are_sorted_and_belong_to_nobody_and_programs_are_executable() {
    let packed = pack("p/", entries()).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let mut archive = tar::Archive::new(plain.as_slice());
    let seen: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let owner = (header.uid().unwrap(), header.mtime().unwrap());
            (
                entry.path().unwrap().display().to_string(),
                header.mode().unwrap(),
                owner,
            )
        })
        .collect();
    let expected = [
        ("p/plugin.json".to_owned(), 0o644, (0, 0)),
        ("p/server/x".to_owned(), 0o755, (0, 0)),
    ];
    assert_eq!(seen, expected);
}
