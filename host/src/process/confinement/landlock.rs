//! Landlock: files, listeners, signals.
//!
//! The rules are those of the newest interface that the tests have run on. An older kernel applies what it
//! knows; what it does not know is said, part by part.

use std::path::Path;

use landlock::{ABI, LandlockStatus};

use super::{Part, fs, readable_paths};

/// Raise it together with a kernel that the tests run on.
const TESTED: ABI = ABI::V7;

/// What there is to be restricted, the interface that brought it, and the kernel that brought that.
const PARTS: [(&str, ABI, &str); 3] = [
    ("files (Landlock)", ABI::V3, "6.2"),
    ("TCP listeners (Landlock)", ABI::V4, "6.7"),
    ("signals (Landlock)", ABI::V6, "6.12"),
];

/// Restricts the thread, and says what came of it and whether new privileges are out of the question.
pub(super) fn restrict(socket: &Path) -> (Vec<Part>, bool) {
    match fs::restrict(readable_paths::readable(), socket, TESTED) {
        Ok(status) => (parts(status.landlock), status.no_new_privs),
        Err(error) => (
            PARTS.map(|part| absent(part.0, error.to_string())).into(),
            false,
        ),
    }
}

fn parts(status: LandlockStatus) -> Vec<Part> {
    let abi = match status {
        LandlockStatus::Available { effective_abi, .. } => effective_abi,
        LandlockStatus::NotEnabled => {
            return all_absent("this kernel was started without Landlock");
        }
        _ => return all_absent("this kernel has no Landlock"),
    };
    let part = |(name, since, kernel): (&'static str, ABI, &str)| Part {
        name,
        missing: (abi < since).then(|| format!("complete from Linux {kernel} on")),
    };
    PARTS.map(part).into()
}

fn all_absent(why: &str) -> Vec<Part> {
    PARTS.map(|part| absent(part.0, why.to_owned())).into()
}

fn absent(name: &'static str, why: String) -> Part {
    Part {
        name,
        missing: Some(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(status: LandlockStatus) -> Vec<&'static str> {
        let parts = parts(status).into_iter();
        parts
            .filter(|part| part.missing.is_some())
            .map(|part| part.name)
            .collect()
    }

    fn available(effective_abi: ABI) -> LandlockStatus {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi: None,
        }
    }

    #[test]
    fn an_older_kernel_is_told_apart_part_by_part() {
        let [files, listeners, signals] = PARTS.map(|part| part.0);
        assert_eq!(missing(available(ABI::V1)), [files, listeners, signals]);
        assert_eq!(missing(available(ABI::V3)), [listeners, signals]);
        assert_eq!(missing(available(ABI::V5)), [signals]);
        assert!(missing(available(TESTED)).is_empty());
        for without in [LandlockStatus::NotEnabled, LandlockStatus::NotImplemented] {
            assert_eq!(missing(without), [files, listeners, signals]);
        }
    }
}
