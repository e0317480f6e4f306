//! Landlock: files, listeners, signals.
//!
//! The rules are those of the newest ABI that the tests have run on. An older kernel applies the rules that it supports; missing
//! restrictions are reported one by one.

use std::path::Path;

use landlock::{ABI, LandlockStatus};

use super::restriction::Restriction;
use super::{fs, readable_paths};

/// Raise this when the tests run on a newer kernel.
const TESTED: ABI = ABI::V7;

/// The restrictions, the ABI version that added each, and the kernel with that version.
const RESTRICTIONS: [(&str, ABI, &str); 3] = [
    ("files (Landlock)", ABI::V3, "6.2"),
    ("TCP listeners (Landlock)", ABI::V4, "6.7"),
    ("signals (Landlock)", ABI::V6, "6.12"),
];

/// Restricts the thread. Returns the restrictions, and whether new privileges are ruled out.
pub(super) fn restrict(socket: &Path) -> (Vec<Restriction>, bool) {
    match fs::restrict(readable_paths::readable(), socket, TESTED) {
        Ok(status) => (restrictions(status.landlock), status.no_new_privs),
        Err(error) => (
            RESTRICTIONS
                .map(|restriction| not_active(restriction.0, error.to_string()))
                .into(),
            false,
        ),
    }
}

fn restrictions(status: LandlockStatus) -> Vec<Restriction> {
    let abi = match status {
        LandlockStatus::Available { effective_abi, .. } => effective_abi,
        LandlockStatus::NotEnabled => {
            return all_missing("this kernel was started without Landlock");
        }
        _ => return all_missing("this kernel has no Landlock"),
    };
    let restriction = |(name, since, kernel): (&'static str, ABI, &str)| Restriction {
        name,
        missing: (abi < since).then(|| format!("complete from Linux {kernel} on")),
    };
    RESTRICTIONS.map(restriction).into()
}

fn all_missing(why: &str) -> Vec<Restriction> {
    RESTRICTIONS
        .map(|restriction| not_active(restriction.0, why.to_owned()))
        .into()
}

fn not_active(name: &'static str, why: String) -> Restriction {
    Restriction {
        name,
        missing: Some(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(status: LandlockStatus) -> Vec<&'static str> {
        let restrictions = restrictions(status).into_iter();
        restrictions
            .filter(|restriction| restriction.missing.is_some())
            .map(|restriction| restriction.name)
            .collect()
    }

    fn supported(effective_abi: ABI) -> LandlockStatus {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi: None,
        }
    }

    #[test]
    fn missing_restrictions_of_older_kernels_are_reported() {
        let [files, listeners, signals] = RESTRICTIONS.map(|restriction| restriction.0);
        assert_eq!(missing(supported(ABI::V1)), [files, listeners, signals]);
        assert_eq!(missing(supported(ABI::V3)), [listeners, signals]);
        assert_eq!(missing(supported(ABI::V5)), [signals]);
        assert!(missing(supported(TESTED)).is_empty());
        for unsupported in [LandlockStatus::NotEnabled, LandlockStatus::NotImplemented] {
            assert_eq!(missing(unsupported), [files, listeners, signals]);
        }
    }
}
