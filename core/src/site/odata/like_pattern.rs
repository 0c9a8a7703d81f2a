//! LIKE patterns that OData has a function for.

/// What a LIKE pattern asks, where OData can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LikePattern {
    /// No wildcard: equal.
    Equal(String),
    /// `text%`
    StartsWith(String),
    /// `%text`
    EndsWith(String),
    /// `%text%`
    Contains(String),
    /// `%`: any value at all.
    Anything,
}

impl LikePattern {
    /// Reads a pattern; None where it has a wildcard that OData has no function for.
    pub(crate) fn parse(pattern: &str) -> Option<Self> {
        let rest = pattern.trim_start_matches('%');
        let open_start = rest.len() < pattern.len();
        let mut literal = String::new();
        let mut open_end = false;
        let mut characters = rest.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '%' => open_end = true,
                // A wildcard in the middle.
                _ if open_end => return None,
                '_' => return None,
                '[' => {
                    // A class of one character is that character: `[_]`, `[%]`, `[[]`.
                    let only = characters.next().filter(|only| !matches!(only, '^' | ']'))?;
                    characters.next_if_eq(&']')?;
                    literal.push(only);
                }
                other => literal.push(other),
            }
        }
        Some(match (open_start, open_end) {
            _ if literal.is_empty() && (open_start || open_end) => LikePattern::Anything,
            (false, false) => LikePattern::Equal(literal),
            (false, true) => LikePattern::StartsWith(literal),
            (true, false) => LikePattern::EndsWith(literal),
            (true, true) => LikePattern::Contains(literal),
        })
    }
}

/// The pattern that matches just this text.
pub(crate) fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' | '_' | '[' => pattern.extend(['[', character, ']']),
            other => pattern.push(other),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_sorted_by_where_they_are_open() {
        for (pattern, expected) in [
            ("abc", Some(LikePattern::Equal("abc".into()))),
            ("", Some(LikePattern::Equal(String::new()))),
            ("abc%", Some(LikePattern::StartsWith("abc".into()))),
            ("%abc", Some(LikePattern::EndsWith("abc".into()))),
            ("%%abc%", Some(LikePattern::Contains("abc".into()))),
            ("%", Some(LikePattern::Anything)),
            ("a[_]b[[]%", Some(LikePattern::StartsWith("a_b[".into()))),
            ("a%b", None),
            ("a_", None),
            ("[a-f]%", None),
            ("[^a]", None),
            ("[a", None),
        ] {
            assert_eq!(LikePattern::parse(pattern), expected, "{pattern}");
        }
    }
}
