//! The pattern after LIKE.

/// One part of a LIKE pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LikeToken {
    /// This text, without case.
    Literal(String),
    /// `%`: any text, also none.
    AnyRun,
    /// `_`: one character.
    AnyChar,
    /// `[a-f]` or `[^a-f]`: one character inside or outside of the ranges; a single one is a range of its own.
    Set {
        /// True for `[^…]`.
        negated: bool,
        /// First and last character of each range, in lower case.
        ranges: Vec<(char, char)>,
    },
}

/// A LIKE pattern, cut into its parts.
///
/// The rules are those of SQL Server, which runs the patterns of an SMS Provider: a set ends at the first `]`, so
/// `[]` matches nothing and `[^]` any character; a `[` that no `]` closes stands for itself; in a set, `-` first
/// or last stands for itself; a range that runs backwards matches nothing. A set of one character that is not
/// negated (`[%]`) is literal text.
///
/// ```
/// use cmgateway::wmi::wql::LikePattern;
/// let pattern = LikePattern::parse("CM[0-9]_.contoso.com%");
/// assert_eq!(pattern.matches("cm1a.CONTOSO.com"), true);
/// assert_eq!(LikePattern::parse("100[%]%").as_prefix(), Some("100%"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern {
    tokens: Vec<LikeToken>,
}

/// What one step of a match compares with.
#[derive(Clone, Copy)]
enum Step<'p> {
    Char(char),
    AnyChar,
    Set(bool, &'p [(char, char)]),
    AnyRun,
}

impl Step<'_> {
    fn takes(self, c: char) -> bool {
        match self {
            Step::Char(wanted) => wanted == c,
            Step::AnyChar => true,
            Step::Set(negated, ranges) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != negated
            }
            Step::AnyRun => false,
        }
    }
}

/// The character without case; one that becomes several in lower case stays as it is.
fn folded(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

impl LikePattern {
    /// Reads a pattern; every text is one.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{LikePattern, LikeToken};
    /// let pattern = LikePattern::parse("a%[b");
    /// assert_eq!(
    ///     pattern.tokens(),
    ///     [LikeToken::Literal("a".into()), LikeToken::AnyRun, LikeToken::Literal("[b".into())]
    /// );
    /// ```
    pub fn parse(pattern: &str) -> Self {
        let mut tokens: Vec<LikeToken> = Vec::new();
        let mut rest = pattern.chars();
        let mut may_close = true;
        while let Some(c) = rest.next() {
            let token = match c {
                '%' if tokens.last() == Some(&LikeToken::AnyRun) => continue,
                '%' => LikeToken::AnyRun,
                '_' => LikeToken::AnyChar,
                '[' if may_close => match rest.as_str().split_once(']') {
                    Some((body, after)) => {
                        rest = after.chars();
                        set(body)
                    }
                    None => {
                        // No later `[` can find a `]` either; not looking again keeps the work linear.
                        may_close = false;
                        LikeToken::Literal('['.into())
                    }
                },
                c => {
                    push_literal(&mut tokens, c);
                    continue;
                }
            };
            match token {
                LikeToken::Literal(text) => text.chars().for_each(|c| push_literal(&mut tokens, c)),
                token => tokens.push(token),
            }
        }
        LikePattern { tokens }
    }

    /// The parts; no two literals and no two `%` stand side by side.
    pub fn tokens(&self) -> &[LikeToken] {
        &self.tokens
    }

    /// True where the whole text matches, without case.
    ///
    /// Takes at most (length of text × length of pattern) steps, whatever the pattern.
    ///
    /// ```
    /// use cmgateway::wmi::wql::LikePattern;
    /// assert!(LikePattern::parse("%proxy%").matches("CloudProxyService"));
    /// assert!(!LikePattern::parse("proxy").matches("CloudProxyService"));
    /// ```
    pub fn matches(&self, text: &str) -> bool {
        let steps = self.steps();
        let text: Vec<char> = text.chars().map(folded).collect();
        let (mut step, mut at) = (0, 0);
        // Only the last `%` needs to be tried again with a longer run: an earlier one can gain nothing by it.
        let mut last_run: Option<(usize, usize)> = None;
        while let Some(c) = text.get(at) {
            match steps.get(step) {
                Some(Step::AnyRun) => {
                    last_run = Some((step, at));
                    step += 1;
                }
                Some(wanted) if wanted.takes(*c) => {
                    step += 1;
                    at += 1;
                }
                _ => match &mut last_run {
                    Some((run_step, run_end)) => {
                        *run_end += 1;
                        (step, at) = (*run_step + 1, *run_end);
                    }
                    None => return false,
                },
            }
        }
        steps.iter().skip(step).all(|step| matches!(step, Step::AnyRun))
    }

    fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        for token in &self.tokens {
            match token {
                LikeToken::Literal(text) => steps.extend(text.chars().map(|c| Step::Char(folded(c)))),
                LikeToken::AnyRun => steps.push(Step::AnyRun),
                LikeToken::AnyChar => steps.push(Step::AnyChar),
                LikeToken::Set { negated, ranges } => steps.push(Step::Set(*negated, ranges)),
            }
        }
        steps
    }

    /// The text, where the pattern is text alone; also for the empty pattern.
    ///
    /// ```
    /// use cmgateway::wmi::wql::LikePattern;
    /// assert_eq!(LikePattern::parse("ABC[_]1").as_exact(), Some("ABC_1"));
    /// assert_eq!(LikePattern::parse("ABC_1").as_exact(), None);
    /// ```
    pub fn as_exact(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [] => Some(""),
            [LikeToken::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text of a pattern `text%`; empty for `%`, which matches every text.
    ///
    /// ```
    /// use cmgateway::wmi::wql::LikePattern;
    /// assert_eq!(LikePattern::parse("CM%").as_prefix(), Some("CM"));
    /// ```
    pub fn as_prefix(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [LikeToken::AnyRun] => Some(""),
            [LikeToken::Literal(text), LikeToken::AnyRun] => Some(text),
            _ => None,
        }
    }

    /// The text of a pattern `%text`.
    ///
    /// ```
    /// use cmgateway::wmi::wql::LikePattern;
    /// assert_eq!(LikePattern::parse("%.com").as_suffix(), Some(".com"));
    /// ```
    pub fn as_suffix(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [LikeToken::AnyRun, LikeToken::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text of a pattern `%text%`.
    ///
    /// ```
    /// use cmgateway::wmi::wql::LikePattern;
    /// assert_eq!(LikePattern::parse("%proxy%").as_contains(), Some("proxy"));
    /// ```
    pub fn as_contains(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [LikeToken::AnyRun, LikeToken::Literal(text), LikeToken::AnyRun] => Some(text),
            _ => None,
        }
    }
}

fn push_literal(tokens: &mut Vec<LikeToken>, c: char) {
    match tokens.last_mut() {
        Some(LikeToken::Literal(text)) => text.push(c),
        _ => tokens.push(LikeToken::Literal(c.into())),
    }
}

/// The set of what stands between `[` and `]`.
fn set(body: &str) -> LikeToken {
    let (negated, body) = match body.strip_prefix('^') {
        Some(body) => (true, body),
        None => (false, body),
    };
    let characters: Vec<char> = body.chars().collect();
    if let ([single], false) = (characters.as_slice(), negated) {
        return LikeToken::Literal((*single).into());
    }
    let mut ranges = Vec::new();
    let mut rest = characters.as_slice();
    loop {
        rest = match rest {
            [first, '-', last, rest @ ..] => {
                ranges.push((folded(*first), folded(*last)));
                rest
            }
            [single, rest @ ..] => {
                ranges.push((folded(*single), folded(*single)));
                rest
            }
            [] => return LikeToken::Set { negated, ranges },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_sql_server_does() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_", "", false),
            ("a%b%c", "axxbyyc", true),
            ("a%b%c", "axxbyy", false),
            ("[a-f]x", "Cx", true),
            ("[A-F]x", "cx", true),
            ("[^a-f]x", "cx", false),
            ("[^a-f]x", "gx", true),
            ("[-a]", "-", true),
            ("[a-]", "-", true),
            ("[f-a]", "c", false),
            ("[]", "", false),
            ("[]", "]", false),
            ("[^]", "x", true),
            ("[]]", "]", false),
            ("]", "]", true),
            ("[abc", "[ABC", true),
            ("%[", "x[", true),
            ("[[]x", "[x", true),
            ("Ä%", "äö", true),
            ("_", "\u{1F600}", true),
        ] {
            assert_eq!(LikePattern::parse(pattern).matches(text), expected, "{text:?} LIKE {pattern:?}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_the_product_of_the_lengths() {
        let pattern = LikePattern::parse(&"%a".repeat(500));
        assert!(!pattern.matches(&("a".repeat(499) + &"b".repeat(2_000))));
        assert_eq!(LikePattern::parse(&"[".repeat(1_000)).as_exact().map(str::len), Some(1_000));
    }

    #[test]
    fn tells_compilers_the_simple_forms() {
        let of = |pattern: &str| {
            let pattern = LikePattern::parse(pattern);
            let owned = |text: Option<&str>| text.map(str::to_owned);
            [
                owned(pattern.as_exact()),
                owned(pattern.as_prefix()),
                owned(pattern.as_suffix()),
                owned(pattern.as_contains()),
            ]
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("a[%]b"), [some("a%b"), None, None, None]);
        assert_eq!(of("a%%"), [None, some("a"), None, None]);
        assert_eq!(of("%a"), [None, None, some("a"), None]);
        assert_eq!(of("%a%"), [None, None, None, some("a")]);
        assert_eq!(of("%"), [None, some(""), None, None]);
        assert_eq!(of("a_"), [None, None, None, None]);
    }
}
