//! The software bill of materials, as CycloneDX 1.6 JSON.
//!
//! It is written here because no tool sees one executable with a WebAssembly component of another build inside it.
//! The time is that of the commit, and there is no serial number, so that the same sources give the same bytes. Packages of a
//! registry have a purl, under which vulnerability databases list them. Our own crates have none, because somebody else
//! may own these names on the registry.
//!
//! Parts that no registry has are listed too: what the linker adds, Rust's standard library, and wasi-libc. musl has its
//! own version and a CPE where zig names them.

use serde_json::{Value, json};

use crate::npm;
use crate::packages::{GUEST, HOST, Id, Package};
use crate::run::set;
use crate::zig::Part;

/// The plugin in the list.
const NAME: &str = "zoom";

/// The project, by the title of its README.
const SUPPLIER: &str = "Zoom for Mattermost, as a sandboxed component";

/// The licenses of wasi-libc and of musl, cloudlibc, libpreopen, and dlmalloc in it.
const WASI_LIBC_LICENSE: &str =
    "(Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT) AND MIT AND BSD-2-Clause AND CC0-1.0";

/// The subject of the list.
pub struct About<'a> {
    /// The version of the bundle and of the build tool.
    pub version: &'a str,
    /// The time of the commit in UTC.
    pub time: Option<&'a str>,
    /// The version of the compiler and its libraries.
    pub rust: &'a str,
}

/// The list for the bundle of one platform.
pub fn sbom(
    about: &About,
    packages: &[Package],
    scripts: &[npm::Package],
    linked: &[Part],
) -> String {
    let rust = about.rust;
    let std = format!("pkg:github/rust-lang/rust@{rust}");
    let mut library = component(&std, "rust-std", rust, "MIT OR Apache-2.0");
    set(&mut library, "description", "The standard library of Rust");
    set(&mut library, "purl", std);
    let version = format!("rust-{rust}");
    let reference = format!("own/{version}/wasi-libc");
    let mut c_library = component(&reference, "wasi-libc", &version, WASI_LIBC_LICENSE);
    set(
        &mut c_library,
        "description",
        "The C library for WASI, as Rust ships it",
    );

    let mut components: Vec<Value> = packages.iter().map(package).collect();
    components.extend(scripts.iter().map(script));
    components.extend(linked.iter().map(part));
    let reference = |component: &Value| component["bom-ref"].clone();
    let others = components.iter().skip(packages.len());
    let others: Vec<Value> = others.map(reference).collect();
    let below = [reference(&library), reference(&c_library)];
    components.extend([library, c_library]);

    let is_part = |package: &&Package| [HOST, GUEST].contains(&package.name.as_str());
    let parts = packages.iter().filter(is_part).map(package_reference);
    let parts = parts.map(Value::from).chain(others.iter().cloned());
    let mut dependencies = vec![json!({"ref": NAME, "dependsOn": parts.collect::<Value>()})];
    dependencies.extend(packages.iter().map(|package| {
        let find = |id: &Id| packages.iter().find(|other| other.id() == *id);
        let needs = package.needs.iter().filter_map(find).map(package_reference);
        let is = |name| usize::from(package.name == name);
        let libraries = below.iter().take(is(HOST) + 2 * is(GUEST)).cloned();
        let needs = needs.map(Value::from).chain(libraries);
        json!({"ref": package_reference(package), "dependsOn": needs.collect::<Value>()})
    }));
    // Without an entry, the dependencies of a component count as unknown.
    let without = others.iter().chain(&below);
    dependencies.extend(without.map(|one| json!({"ref": one})));

    let mut metadata = json!({
        "tools": {"components": [{
            "type": "application",
            "name": "xtask",
            "version": about.version,
            "description": "The build tool in the sources of the bundle",
        }]},
        "component": {
            "type": "application",
            "bom-ref": NAME,
            "name": NAME,
            "version": about.version,
            "licenses": [{"expression": "Apache-2.0"}],
        },
        "supplier": {"name": SUPPLIER},
    });
    if let Some(time) = about.time {
        set(&mut metadata, "timestamp", time);
    }
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    });
    format!("{document:#}\n")
}

fn component(reference: &str, name: &str, version: &str, license: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "scope": "required",
        "licenses": [{"expression": license}],
    })
}

fn package_reference(package: &Package) -> String {
    let version = package.version.replace('+', "%2B");
    let origin = if package.own { "own" } else { "pkg:cargo" };
    format!("{origin}/{}@{version}", package.name)
}

fn package(package: &Package) -> Value {
    let Package {
        name,
        version,
        license,
        ..
    } = package;
    let reference = package_reference(package);
    let mut value = component(&reference, name, version, license);
    if !package.linked {
        // A macro ran while the program was compiled, and is not in it.
        set(&mut value, "scope", "excluded");
    }
    if let Some(checksum) = &package.checksum {
        set(
            &mut value,
            "hashes",
            json!([{"alg": "SHA-256", "content": checksum}]),
        );
    }
    if !package.own {
        set(&mut value, "purl", reference);
    }
    value
}

fn script(script: &npm::Package) -> Value {
    let npm::Package {
        name,
        version,
        license,
        checksum,
        ..
    } = script;
    let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
    let mut value = component(&purl, name, version, license);
    set(
        &mut value,
        "hashes",
        json!([{"alg": "SHA-512", "content": checksum}]),
    );
    set(&mut value, "purl", purl);
    value
}

fn part(part: &Part) -> Value {
    let reference = format!("own/{}/{}", part.from, part.name.replace(' ', "-"));
    let mut value = component(&reference, part.name, part.version(), part.license);
    if part.own_version.is_some() {
        set(
            &mut value,
            "description",
            format!("As {} ships it", part.from),
        );
    }
    if let Some(cpe) = part.cpe() {
        set(&mut value, "cpe", cpe);
    }
    value
}

#[cfg(test)]
#[path = "../tests/unit/sbom.rs"]
mod tests;
