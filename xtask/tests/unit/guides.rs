use std::path::{Path, PathBuf};

use super::*;

#[test]
fn every_link_of_the_pages_leads_to_a_page_and_every_anchor_to_a_heading() {
    let pages = pages().unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, text) in &pages {
        for rest in text.split("href=\"").skip(1) {
            let link = rest.split('"').next().unwrap();
            if link.starts_with("https://") {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => name.clone(),
                file => format!("{FOLDER}/{file}"),
            };
            let target = pages.iter().find(|(name, _)| *name == file);
            let id = format!(" id=\"{anchor}\"");
            let good = target.is_some_and(|(_, text)| anchor.is_empty() || text.contains(&id));
            if !good {
                wrong.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 30, "{seen} links");
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn the_settings_page_and_the_plugin_link_to_pages_and_sections_that_exist() {
    let pages = pages().unwrap();
    let mut sources = vec![root().join("plugin.json")];
    files(&root().join("guest/src"), &mut sources);
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let (mut seen, mut sections) = (0, 0);
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        for (end, suffix) in text.match_indices(".html") {
            let name = text[..end].rsplit(|c| !is_name(c)).next().unwrap();
            let rest = &text[end + suffix.len()..];
            let anchor = rest.strip_prefix('#').unwrap_or_default();
            let anchor = anchor.split(|c| !is_name(c)).next().unwrap();
            seen += 1;
            sections += usize::from(!anchor.is_empty());
            let file = format!("{FOLDER}/{name}.html");
            let page = pages.iter().find(|(page, _)| *page == file);
            let id = format!(" id=\"{anchor}\"");
            assert!(
                page.is_some_and(|(_, text)| anchor.is_empty() || text.contains(&id)),
                "{}: {name}.html#{anchor}",
                source.display()
            );
        }
    }
    assert!(
        seen >= 8 && sections >= 6,
        "{seen} links, {sections} to sections"
    );
}

#[test]
fn the_sections_that_the_doctor_names_are_in_the_guides() {
    let pages = pages().unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("guest/src/setup/checks")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let quoted = text.split('"').filter(|part| part.contains(".html#"));
        for section in quoted.filter(|part| !part.contains(' ')) {
            seen += 1;
            let (page, anchor) = section.split_once('#').unwrap();
            let name = format!("{FOLDER}/{page}");
            let id = format!(" id=\"{anchor}\"");
            let mut pages = pages.iter();
            let found = pages.any(|(page, text)| *page == name && text.contains(&id));
            assert!(found, "{}: {section}", path.display());
        }
    }
    assert!(seen >= 10, "{seen} sections");
}

#[test]
fn the_pages_have_no_script_and_no_unfinished_markup_and_are_small() {
    let pages = pages().unwrap();
    for (name, text) in &pages {
        for trace in ["<script", "javascript:", "<img", "](", "```", "<p></p>"] {
            assert!(!text.contains(trace), "{name}: {trace}");
        }
    }
    let bytes: usize = pages.iter().map(|(_, text)| text.len()).sum();
    assert!(bytes < 100_000, "{bytes} bytes");
}

#[test]
fn html_in_a_guide_is_text_and_a_link_to_another_document_is_its_path() {
    let page = page(
        "# A <b>\n\n[Model](../security/model.md#x) <img src=x>\n",
        "admin/a",
    );
    assert!(
        page.contains("Model (<code>docs/security/model.md</code>) &lt;img src=x&gt;"),
        "{page}"
    );
}
