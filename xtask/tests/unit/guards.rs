use super::*;

#[test]
fn every_guard_is_where_the_table_says() {
    let table = table().unwrap();
    let mut problems = Vec::new();
    for guard in &table.guards {
        let checked = suite(&table, guard).and_then(|_| {
            let path = root().join(&guard.file);
            edited(guard, &fs::read_to_string(&path)?)
        });
        problems.extend(checked.err().map(|error| error.to_string()));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_filter_selects_a_component_test() {
    let mut folders = vec![root().join("tests/component/tests")];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            names.push(format!("{module}::"));
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let functions = text.lines().filter_map(|line| line.split_once("fn "));
            names.extend(functions.map(|(_, rest)| rest.to_owned()));
        }
    }
    let table = table().unwrap();
    let filters = table.suites.values().flat_map(|suite| &suite.filter);
    let selects = |filter: &str| names.iter().any(|name| name.contains(filter));
    let stale: Vec<&String> = filters.filter(|filter| !selects(filter)).collect();
    assert!(stale.is_empty(), "no test matches {stale:?}");
}
