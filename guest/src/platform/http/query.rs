//! Query parameters and headers of a request.

use crate::bindings::handlers::http_handler::Request;
use std::borrow::Cow;

/// The first value of a parameter, form-decoded.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The first value of a parameter, percent-decoded, with `+` kept as `+`. People paste secrets into URLs without encoding
/// them.
pub fn parameter_with_plus(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(value)
    })?;
    Some(
        percent_encoding::percent_decode_str(value)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

/// The first header of this name, which is in lower case.
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_form_decoded() {
        assert_eq!(
            parameter("a=1&secret=x%2By+z", "secret").as_deref(),
            Some("x+y z")
        );
        assert_eq!(parameter("secret", "secret").as_deref(), Some(""));
        assert_eq!(parameter("", "secret"), None);
    }

    #[test]
    fn zm088_a_plus_can_be_kept() {
        assert_eq!(
            parameter_with_plus("a=1&secret=x+y%2Bz", "secret").as_deref(),
            Some("x+y+z")
        );
        assert_eq!(parameter_with_plus("secrets=1", "secret"), None);
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parsers_panic(query in ".*") {
            let _ = parameter(&query, "secret");
            let _ = parameter_with_plus(&query, "secret");
        }
    }
}
