//! Writes docs/plugins/api.md, the reference of the interfaces in `wit/`, from their documentation comments.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use fs_err as fs;
use wit_parser::{Docs, Function, Interface, Param, Resolve, Type, TypeDef, TypeDefKind};

use crate::run::root;

const INTRODUCTION: &str = "# API reference

This page is generated from `wit/` by `cargo xtask api-reference`. A component can call all interfaces, and implements `lifecycle`,
`command-handler`, `http-handler`, and optionally `job-handler` and `diagnostics`: see `wit/world.wit` and [Write a plugin](writing-a-plugin.md).
";

fn path() -> PathBuf {
    root().join("docs/plugins/api.md")
}

/// Writes the reference.
pub fn write() -> Result<()> {
    Ok(fs::write(path(), generate()?)?)
}

fn generate() -> Result<String> {
    let folder = root().join("wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&folder)?;
    let mut text = INTRODUCTION.to_owned();
    let mut interfaces: Vec<_> = resolve.interfaces.iter().map(|(_, one)| one).collect();
    interfaces.retain(|one| one.package == Some(package));
    interfaces.sort_by_key(|one| &one.name);
    for interface in interfaces {
        describe_interface(&resolve, interface, &mut text);
    }
    Ok(text)
}

// Writing into a string does not fail.
fn section(text: &mut String, heading: &str, docs: &Docs) {
    let docs = docs.contents.as_deref().unwrap_or_default().trim();
    let _ = write!(text, "\n{heading}\n\n{docs}\n");
}

fn describe_interface(resolve: &Resolve, interface: &Interface, text: &mut String) {
    let name = interface.name.as_deref().unwrap_or_default();
    section(text, &format!("## {name}"), &interface.docs);
    for id in interface.types.values() {
        if let Some(definition) = resolve.types.get(*id) {
            describe_type(resolve, definition, text);
        }
    }
    for function in interface.functions.values() {
        let docs = function.docs.contents.as_deref().unwrap_or_default();
        let (name, code) = (&function.name, signature(resolve, function));
        let _ = write!(
            text,
            "\n### `{name}`\n\n```wit\n{code}\n```\n\n{}\n",
            docs.trim()
        );
    }
}

fn describe_type(resolve: &Resolve, definition: &TypeDef, text: &mut String) {
    let no_type = None;
    let members: Vec<(&str, Option<&Type>, &Docs)> = match &definition.kind {
        // A type of another interface that this one uses.
        TypeDefKind::Type(Type::Id(_)) => return,
        TypeDefKind::Record(of) => of
            .fields
            .iter()
            .map(|f| (&*f.name, Some(&f.ty), &f.docs))
            .collect(),
        TypeDefKind::Variant(of) => of
            .cases
            .iter()
            .map(|c| (&*c.name, c.ty.as_ref(), &c.docs))
            .collect(),
        TypeDefKind::Enum(of) => of
            .cases
            .iter()
            .map(|c| (&*c.name, no_type, &c.docs))
            .collect(),
        _ => Vec::new(),
    };
    let name = definition.name.as_deref().unwrap_or_default();
    let equal = match &definition.kind {
        TypeDefKind::Type(of) => format!(" = `{}`", type_name(resolve, of)),
        _ => String::new(),
    };
    let heading = format!("### {} `{name}`{equal}", definition.kind.as_str());
    section(text, &heading, &definition.docs);
    text.push('\n');
    for (name, of, docs) in members {
        let of = of.map_or_else(String::new, |of| format!(": `{}`", type_name(resolve, of)));
        let docs = docs.contents.as_deref().unwrap_or_default();
        let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("- `{name}`{of} – {docs}");
        let _ = writeln!(text, "{}", line.trim_end_matches(" – "));
    }
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameter = |one: &Param| format!("{}: {}", one.name, type_name(resolve, &one.ty));
    let parameters: Vec<_> = function.params.iter().map(parameter).collect();
    let result = function.result.as_ref();
    let result = result.map_or_else(String::new, |of| format!(" -> {}", type_name(resolve, of)));
    format!("{}: func({}){result}", function.name, parameters.join(", "))
}

fn type_name(resolve: &Resolve, of: &Type) -> String {
    let Type::Id(id) = of else {
        return format!("{of:?}").to_lowercase();
    };
    let name = |of: &Type| type_name(resolve, of);
    let optional = |of: &Option<Type>| of.as_ref().map_or_else(|| "_".to_owned(), name);
    match resolve.types.get(*id) {
        Some(TypeDef {
            name: Some(name), ..
        }) => name.clone(),
        Some(TypeDef { kind, .. }) => match kind {
            TypeDefKind::List(of) => format!("list<{}>", name(of)),
            TypeDefKind::Option(of) => format!("option<{}>", name(of)),
            TypeDefKind::Result(both) => {
                format!("result<{}, {}>", optional(&both.ok), optional(&both.err))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(name).collect();
                format!("tuple<{}>", types.join(", "))
            }
            other => other.as_str().to_owned(),
        },
        None => String::new(),
    }
}

#[cfg(test)]
#[path = "../tests/unit/api_reference.rs"]
mod tests;
