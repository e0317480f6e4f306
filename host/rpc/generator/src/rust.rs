//! The generated code. Each family of methods has a module with its types in `model/`, and a module with its trait
//! and the implementation of the trait over RPC in `methods/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};

use crate::description::{Description, Method};
use crate::list::{Family, Field, ListedMethod, ListedType, snake};
use crate::refused;

/// The oldest server that the plugin runs on: methods of newer ones say so.
const OLDEST: (u32, u32) = (10, 7);

/// The results of methods that Go's RPC code implements by hand, with other results than the signature says.
const BY_HAND: &[(&str, &[&str])] = &[("LoadPluginConfiguration", &["[]uint8"])];

/// The family of the types that Go's plugin library registers for interface values. [`ANY`] belongs to it.
const REGISTERED: &str = "registered";

/// The type of interface values. It is in the same file as the registered types because the two refer to each other.
const ANY: &str = include_str!("../../api/any.txt");

/// The input of the generator.
pub struct Generator<'a> {
    description: &'a Description,
    families: &'a [Family],
    /// The Rust name and the family of each type on the list, by Go name.
    types: BTreeMap<&'a str, (&'a str, &'a str)>,
}

/// A parameter of a method.
struct Parameter {
    name: String,
    /// Its type in the signature. `None` for a parameter that always has the same value.
    signature: Option<String>,
    /// The expression that is sent.
    argument: String,
    /// Its type in the schema of the call.
    schema: String,
}

/// The results of a method.
struct Outcome {
    /// The type that the caller gets.
    returns: String,
    /// The function of `RpcApi` that makes the call.
    call: &'static str,
    /// The types of all results in the reply.
    results: Vec<String>,
    /// The type of the result that is not an error.
    value: Option<String>,
    failure: &'static str,
}

impl<'a> Generator<'a> {
    pub fn new(description: &'a Description, families: &'a [Family]) -> Self {
        let mut types = BTreeMap::new();
        for family in families {
            for listed in &family.types {
                types.insert(&*listed.go, (&*listed.rust, &*family.name));
            }
        }
        Self {
            description,
            families,
            types,
        }
    }

    /// The paths and contents of all files. The code is not formatted.
    pub fn files(&self) -> Result<Vec<(String, String)>> {
        let types = self.families.iter().filter(|one| !one.types.is_empty());
        let methods = self.families.iter().filter(|one| !one.methods.is_empty());
        let mut files = vec![("model/mod.rs".to_owned(), root("Types", types.clone()))];
        for family in types {
            files.push((format!("model/{}.rs", family.name), self.model(family)?));
        }
        let mut text = root("Methods", methods.clone());
        let traits: Vec<_> = methods.clone().map(|one| trait_name(&one.name)).collect();
        let bounds = traits.join(" + ");
        let _ = write!(
            text,
            "\n/// All generated methods.\n\
            pub trait GeneratedApi: {bounds} {{}}\n\nimpl<T: {bounds}> GeneratedApi for T {{}}\n"
        );
        files.push(("methods/mod.rs".to_owned(), text));
        for family in methods {
            files.push((format!("methods/{}.rs", family.name), self.methods(family)?));
        }
        Ok(files)
    }

    fn model(&self, family: &Family) -> Result<String> {
        let mut body = String::new();
        for listed in &family.types {
            self.structure(listed, &mut body)?;
        }
        let types = self.types.values().copied();
        let types = types.chain([("Any", REGISTERED)]);
        let others = types.filter(|(_, of)| *of != family.name);
        let others = others.map(|(rust, _)| rust).collect();
        let mut text = module(family, &[("super", others)], &body);
        if family.name == REGISTERED {
            text = text.replacen("crate::gob_struct!", &format!("{ANY}crate::gob_struct!"), 1);
        }
        Ok(text)
    }

    fn methods(&self, family: &Family) -> Result<String> {
        let mut declared = String::new();
        let mut defined = String::new();
        for listed in &family.methods {
            self.method(listed, &mut declared, &mut defined)?;
        }
        let name = trait_name(&family.name);
        let body = format!(
            "/// {}\npub trait {name}: Send + Sync + 'static {{\n{declared}}}\n\n\
            impl {name} for RpcApi {{\n{defined}}}\n",
            family.doc
        );
        let types = self.types.values().map(|(rust, _)| *rust);
        let rpc = vec!["Failure", "Method", "RpcApi", "method", "read"];
        let imports = [
            ("crate::mattermost::api_error", vec!["Call"]),
            ("crate::mattermost::model", types.chain(["Any"]).collect()),
            ("crate::mattermost::rpc_api", rpc),
        ];
        Ok(module(family, &imports, &body))
    }

    fn structure(&self, listed: &ListedType, text: &mut String) -> Result<()> {
        let unknown = || format!("{} is not a type of the API", listed.go);
        let described = self.description.named(&listed.go).with_context(unknown)?;
        let (_, bare) = listed.go.split_once('.').with_context(unknown)?;
        let _ = write!(
            text,
            "crate::gob_struct! {{\n    /// {}\n    #[derive(Clone, Debug, Default, PartialEq)]\n    \
            pub struct {} = \"{bare}\" {{\n",
            listed.doc, listed.rust
        );
        for field in &listed.fields {
            let found = described.fields.iter().find(|(name, _)| *name == field.go);
            let lacking = || format!("{} has no field {}", listed.go, field.go);
            let (_, of) = found.with_context(lacking)?;
            let Field { go, rust, doc } = field;
            let of = self.rust(of)?;
            let _ = writeln!(
                text,
                "        /// {doc}\n        pub {rust}: {of} = \"{go}\","
            );
        }
        text.push_str("    }\n}\n\n");
        Ok(())
    }

    fn method(
        &self,
        listed: &ListedMethod,
        declared: &mut String,
        defined: &mut String,
    ) -> Result<()> {
        let mut methods = self.description.methods();
        let method = methods.find(|method| method.name == listed.name);
        let unknown = || format!("{} is not a method of the API", listed.name);
        let method = method.with_context(unknown)?;
        if let Some(reason) = refused::reason(self.description, method) {
            bail!("refused: {reason}");
        }
        let parameters = self.parameters(method, listed)?;
        let outcome = self.outcome(method, listed)?;
        let signature = signature(method, &parameters, &outcome);
        let mut docs = vec![match listed.doc.as_str() {
            "" => method.doc.clone(),
            doc => doc.to_owned(),
        }];
        if is_newer(&method.since) {
            docs.push(format!(
                "Servers before {} do not have this method.",
                method.since
            ));
        }
        if listed.host {
            docs.push("Reserved for the host: no component may see the reply.".to_owned());
        }
        let _ = writeln!(declared, "    /// {}", docs.join("\n    ///\n    /// "));
        let _ = write!(declared, "    {signature};\n\n");
        let schemas = lettered(parameters.iter().map(|one| &one.schema));
        let results = lettered(&outcome.results);
        let value = outcome.value.as_ref();
        let value = value.map_or("None".to_owned(), |of| format!("Some(read::<{of}>)"));
        let arguments = parameters.iter().map(|one| &one.argument);
        let arguments: Vec<_> = arguments.map(|one| format!("Box::new({one})")).collect();
        let _ = write!(
            defined,
            "    {signature} {{\n        static METHOD: Method = method!(\"{}\", ({schemas}), ({results}), {value}, Failure::{});\n        \
            self.{}(&METHOD, vec![{}])\n    }}\n\n",
            method.name,
            outcome.failure,
            outcome.call,
            arguments.join(", ")
        );
        Ok(())
    }

    fn parameters(&self, method: &Method, listed: &ListedMethod) -> Result<Vec<Parameter>> {
        if method.variadic {
            bail!("{} takes any number of values", method.name);
        }
        if BY_HAND.iter().any(|(name, _)| *name == method.name) {
            return Ok(Vec::new());
        }
        let unknown = listed.fixed.iter().find(|(fixed, _)| {
            let mut names = method.parameters.iter();
            !names.any(|(name, of)| name == fixed && of == "string")
        });
        if let Some((fixed, _)) = unknown {
            bail!("{} has no string parameter {fixed}", method.name);
        }
        let parameter = |(go, of): &(String, String)| {
            let fixed = listed.fixed.iter().find(|(name, _)| name == go);
            self.parameter(go, of, fixed.map(|(_, value)| value.as_str()))
        };
        method.parameters.iter().map(parameter).collect()
    }

    fn parameter(&self, go: &str, of: &str, fixed: Option<&str>) -> Result<Parameter> {
        let name = snake(go);
        let permission = format!("Permission {{ id: {name}.to_owned() }}");
        let rust;
        let (signature, argument, schema) = match of {
            "string" => ("&'a str", name.clone(), "&str"),
            "[]uint8" => ("Vec<u8>", format!("Bytes({name})"), "Bytes"),
            // Page numbers and sizes.
            "int" => ("u32", format!("i64::from({name})"), "i64"),
            // The server only looks at the id.
            "*model.Permission" => ("&'a str", permission, "Permission"),
            _ => {
                rust = self.rust(of.strip_prefix('*').unwrap_or(of))?;
                (&*rust, name.clone(), &*rust)
            }
        };
        Ok(Parameter {
            name,
            signature: fixed.is_none().then(|| signature.to_owned()),
            argument: fixed.map_or(argument, |value| format!("\"{value}\"")),
            schema: schema.to_owned(),
        })
    }

    fn outcome(&self, method: &Method, listed: &ListedMethod) -> Result<Outcome> {
        let by_hand = BY_HAND.iter().find(|(name, _)| *name == method.name);
        let results: Vec<&str> = match by_hand {
            Some((_, results)) => results.to_vec(),
            None => method.results.iter().map(String::as_str).collect(),
        };
        let (values, failure) = match results.as_slice() {
            [values @ .., "*model.AppError"] => (values, "App"),
            [values @ .., "error"] => (values, "Go"),
            values => (values, "None"),
        };
        ensure!(values.len() < 2, "{} has several results", method.name);
        let go = values.first();
        let is_pointer = go.is_some_and(|go| go.starts_with('*'));
        let value = go.map(|go| self.rust(go.strip_prefix('*').unwrap_or(go)));
        let value = value.transpose()?;
        let (call, returns) = match value.as_deref() {
            None => ("unit", "()".to_owned()),
            Some("Bytes") if by_hand.is_some() => ("bytes", "Vec<u8>".to_owned()),
            Some("Bytes") => ("optional_bytes", "Option<Vec<u8>>".to_owned()),
            Some(of) if listed.optional && is_pointer => ("optional", format!("Option<{of}>")),
            Some(of) if is_pointer => ("required", of.to_owned()),
            Some(of) => ("value", of.to_owned()),
        };
        if listed.optional && call != "optional" {
            bail!("{} has no value that may be absent", method.name);
        }
        let mut results: Vec<String> = value.iter().cloned().collect();
        match failure {
            "App" => results.push("AppError".to_owned()),
            "Go" => results.push("Any".to_owned()),
            _ => {}
        }
        Ok(Outcome {
            returns,
            call,
            results,
            value,
            failure,
        })
    }

    /// The Rust type for a Go type.
    fn rust(&self, go: &str) -> Result<String> {
        let scalar = match go {
            "string" => "String",
            "bool" => "bool",
            "int" | "int8" | "int16" | "int32" | "int64" => "i64",
            "uint" | "uint16" | "uint32" | "uint64" => "u64",
            "float32" | "float64" => "f64",
            "any" => "Any",
            "[]uint8" => "Bytes",
            "time.Time" => "Time",
            _ => "",
        };
        if !scalar.is_empty() {
            return Ok(scalar.to_owned());
        }
        if let Some(inner) = go.strip_prefix("[]") {
            let inner = self.rust(inner.strip_prefix('*').unwrap_or(inner))?;
            return Ok(format!("Vec<{inner}>"));
        }
        if let Some((key, value)) = go
            .strip_prefix("map[")
            .and_then(|rest| rest.split_once(']'))
        {
            let value = self.rust(value.strip_prefix('*').unwrap_or(value))?;
            return Ok(format!("BTreeMap<{}, {value}>", self.rust(key)?));
        }
        if let Some(inner) = go.strip_prefix('*') {
            let rust = self.rust(inner)?;
            let is_struct = self.types.contains_key(inner);
            return Ok(if is_struct {
                format!("Option<Box<{rust}>>")
            } else {
                format!("Option<{rust}>")
            });
        }
        if let Some((rust, _)) = self.types.get(go) {
            return Ok((*rust).to_owned());
        }
        match self.description.named(go) {
            Some(of) if of.opaque || of.is == "interface" => {
                bail!("{go} cannot be sent from Rust")
            }
            Some(of) if !of.is.is_empty() => self.rust(&of.is),
            Some(_) => bail!("{go} is not on the list"),
            None => bail!("{go} is not known"),
        }
    }
}

fn signature(method: &Method, parameters: &[Parameter], outcome: &Outcome) -> String {
    let shown = parameters.iter().filter_map(|one| {
        let of = one.signature.as_ref()?;
        Some(format!("{}: {of}", one.name))
    });
    let shown: Vec<_> = shown.collect();
    let borrows = shown.iter().any(|one| one.contains("'a"));
    let (lifetimes, receiver, lifetime) = if borrows {
        ("<'a>", "&'a self", "'a")
    } else {
        ("", "&self", "'_")
    };
    let all = std::iter::once(receiver.to_owned()).chain(shown);
    let all: Vec<_> = all.collect();
    format!(
        "fn {}{lifetimes}({}) -> Call<{lifetime}, {}>",
        snake(&method.name).replace("web_socket", "websocket"),
        all.join(", "),
        outcome.returns
    )
}

/// The start of a `mod.rs`: the modules of these families and their contents.
fn root<'a>(subject: &str, families: impl Iterator<Item = &'a Family> + Clone) -> String {
    let mut text = format!(
        "//! {subject} of Mattermost's plugin API, by family. Generated by `cargo xtask api` from `api/methods.txt`\n\
        //! and `api/description.json`; edit those files instead.\n\n"
    );
    for family in families.clone() {
        let _ = writeln!(text, "mod {};", family.name);
    }
    text.push('\n');
    for family in families {
        let _ = writeln!(text, "pub use {}::*;", family.name);
    }
    text
}

/// A module with this code and the imports that the code uses.
fn module(family: &Family, imports: &[(&str, Vec<&str>)], body: &str) -> String {
    let code = body.lines().filter(|line| !line.trim().starts_with("///"));
    // Every second piece between quotation marks is a string literal.
    let code = code.flat_map(|line| line.split('"').step_by(2));
    let words = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let words: BTreeSet<&str> = words.collect();
    let mut text = format!(
        "//! {} Generated by `cargo xtask api`; edit `api/methods.txt` instead.\n\n",
        family.doc
    );
    let always = [
        ("crate::gob", vec!["Bytes", "Time"]),
        ("std::collections", vec!["BTreeMap"]),
    ];
    for (path, names) in imports.iter().chain(&always) {
        let used = names.iter().filter(|name| words.contains(*name)).copied();
        let used: Vec<_> = used.collect();
        if !used.is_empty() {
            let _ = writeln!(text, "use {path}::{{{}}};", used.join(", "));
        }
    }
    text.push('\n');
    text.push_str(body);
    text
}

/// The name of a family's trait: `UsersApi` for `users`.
fn trait_name(family: &str) -> String {
    let mut letters = family.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}Api", letters.as_str())
}

/// Types by the letters that net/rpc sends: `"A": String, "B": bool`.
fn lettered<'a>(types: impl IntoIterator<Item = &'a String>) -> String {
    let pairs = ('A'..='Z').zip(types);
    let pairs = pairs.map(|(letter, of)| format!("\"{letter}\": {of}"));
    pairs.collect::<Vec<_>>().join(", ")
}

fn is_newer(since: &str) -> bool {
    let mut numbers = since.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version > OLDEST
}
