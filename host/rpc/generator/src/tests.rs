use super::*;

#[test]
fn the_committed_code_is_up_to_date() {
    for (name, text) in generate().unwrap() {
        let path = root().join(MATTERMOST).join(name);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let same = committed == text;
        assert!(same, "run `cargo xtask api`: {} differs", path.display());
    }
    let count = |folder| {
        let folder = root().join(MATTERMOST).join(folder);
        fs::read_dir(folder).unwrap().count()
    };
    let count: usize = FOLDERS.into_iter().map(count).sum();
    assert_eq!(count, generate().unwrap().len());
}

/// The code for one more line in the list.
fn generated(line: &str) -> Result<String> {
    let description = committed(DESCRIPTION).unwrap();
    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let mut families = list::parse(&list).unwrap();
    families.extend(list::parse(&format!("[extra]: Extra.\n{line}")).unwrap());
    let files = rust::Generator::new(&description, &families).files()?;
    Ok(files.into_iter().last().unwrap().1)
}

#[test]
fn one_line_adds_a_method() {
    let text = generated("GetTeam").unwrap();
    assert!(text.contains("fn get_team<'a>(&'a self, team_id: &'a str) -> Call<'a, Team>"));
    assert!(text.contains("GetTeam gets a team."), "{text}");
}

#[test]
fn methods_that_create_sessions_tokens_roles_or_plugins_are_refused() {
    let refused = [
        "CreateSession",
        "GetSession",
        "CreateUserAccessToken",
        "CreateOAuthApp",
        "UpdateUserRoles",
        "UpdateChannelMemberRoles",
        "UpdateUserAuth",
        "InstallPlugin",
        "EnablePlugin",
        "GetUnsanitizedConfig",
        "SaveConfig",
    ];
    for name in refused {
        let error = generated(name).unwrap_err().to_string();
        assert!(error.starts_with("refused: "), "{name}: {error:?}");
    }
}

#[test]
fn a_line_that_cannot_be_generated_is_an_error() {
    let cases = [
        ("GetUsr", "GetUsr is not a method of the API"),
        ("LogDebug", "LogDebug takes any number of values"),
        ("GetEmojiImage", "GetEmojiImage has several results"),
        (
            "ReceiveSharedChannelAttachmentSyncMsg",
            "io.Reader cannot be sent from Rust",
        ),
        ("GetEmoji", "model.Emoji is not on the list"),
        ("GetTeam page=1", "GetTeam has no string parameter page"),
        ("model.Emoji: x\n    Nme: y", "model.Emoji has no field Nme"),
    ];
    for (line, said) in cases {
        let error = generated(line).unwrap_err().to_string();
        assert!(error.contains(said), "{line}: {error:?}");
    }
}

#[test]
fn no_capability_calls_a_method_that_is_reserved_for_the_host() {
    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let families = list::parse(&list).unwrap();
    let methods = families.iter().flat_map(|family| &family.methods);
    let reserved: Vec<_> = methods.filter(|method| method.host).collect();
    assert!(!reserved.is_empty());
    let mut folders = vec![root().join("host/src/capability")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            for method in &reserved {
                let call = format!(".{}(", list::snake(&method.name));
                assert!(!text.contains(&call), "{} calls {call}", path.display());
            }
        }
    }
    assert!(files > 15, "{files} files: the folder is not read");
}
