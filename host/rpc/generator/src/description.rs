//! The description of Mattermost's plugin API that the Go program in `tests/description` writes.

use serde::Deserialize;

/// The plugin library, as seen by Go's reflection.
#[derive(Deserialize)]
pub struct Description {
    api: Vec<Method>,
    types: Vec<Type>,
}

/// A method of `plugin.API`. Types are written as in Go.
#[derive(Deserialize)]
pub struct Method {
    /// The Go name.
    pub name: String,
    /// The oldest server version that has the method, if the library documents it.
    #[serde(default)]
    pub since: String,
    /// Names and types of the parameters.
    #[serde(default)]
    pub parameters: Vec<(String, String)>,
    /// The method is variadic.
    #[serde(default)]
    pub variadic: bool,
    /// Types of the results.
    #[serde(default)]
    pub results: Vec<String>,
    /// The first paragraph of the doc comment.
    #[serde(default)]
    pub doc: String,
}

/// A Go type with a name.
#[derive(Deserialize)]
pub struct Type {
    name: String,
    /// The underlying type, if it is not a struct.
    #[serde(default)]
    pub is: String,
    /// The type encodes itself.
    #[serde(default)]
    pub opaque: bool,
    /// Names and types of the fields.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
}

impl Description {
    /// All methods of the API.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.api.iter()
    }

    /// The type with this Go name.
    pub fn named(&self, name: &str) -> Option<&Type> {
        self.types.iter().find(|one| one.name == name)
    }

    /// The names of all types that a method's parameters and results contain.
    pub fn reached(&self, method: &Method) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let parameters = method.parameters.iter().map(|(_, of)| of);
        let mut open: Vec<&str> = parameters
            .chain(&method.results)
            .map(String::as_str)
            .collect();
        while let Some(text) = open.pop() {
            for name in text.split(['*', '[', ']']) {
                let Some(of) = self.named(name) else { continue };
                if !found.contains(&of.name.as_str()) {
                    found.push(&of.name);
                    open.push(&of.is);
                    open.extend(of.fields.iter().map(|(_, of)| of.as_str()));
                }
            }
        }
        found
    }
}
