//! Reading a query string.

/// The decoded value of the parameter `name`, or none.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    Some(decode(value))
}

/// Decodes percent-encoding. Invalid escapes stay as they are.
fn decode(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] if let Some(byte) = pair(*high, *low) => (byte, after),
            [b'+', ..] => (b' ', after),
            _ => (*first, after),
        };
        plain.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn a_parameter_is_found_and_decoded() {
        let query = "a=1&url=https%3A%2F%2Fexample.com%2F%3Fq%3d1&b=x+y%zz%4";
        let found = |name| parameter(query, name);
        assert_eq!(found("url").as_deref(), Some("https://example.com/?q=1"));
        assert_eq!(found("b").as_deref(), Some("x y%zz%4"));
        assert_eq!(found("c"), None);
    }
}
