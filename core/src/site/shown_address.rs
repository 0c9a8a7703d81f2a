//! Addresses as messages may show them.

/// An address for messages: without user name and password, query and fragment, which may be secrets.
///
/// It works on any text, since what is no address is just what gets into messages; of a text that could be read in
/// several ways it rather shows too little.
///
/// ```
/// use cmgateway::site::shown_address;
/// assert_eq!(shown_address("https://me:s3cret@cm1/AdminService?code=1"), "https://cm1/AdminService");
/// assert_eq!(shown_address("sqlite:a@b?.db"), "sqlite:a@b?.db");
/// ```
pub fn shown_address(url: &str) -> String {
    let is_file = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sqlite:"));
    if is_file {
        return url.to_owned();
    }
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('@') => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    // The last `@`, for a password that is not encoded may hold one, and `/`, `?` and `#` as well.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let end = host.find(['?', '#']).unwrap_or(host.len());
    format!("{scheme}{}", host.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left() {
        for (url, shown) in [
            ("https://cm1/AdminService", "https://cm1/AdminService"),
            ("https://u:hunter2@cm1/AdminService", "https://cm1/AdminService"),
            ("HTTP://u:hunter2@cm1", "HTTP://cm1"),
            ("https://u:a/b?hunter2#@cm1:443/x", "https://cm1:443/x"),
            ("https://u:p@hunter2@cm1/", "https://cm1/"),
            ("https://cm1 x:hunter2@/AdminService", "https:///AdminService"),
            ("https:u:hunter2@cm1", "cm1"),
            ("u:hunter2@://cm1", "://cm1"),
            ("https://cm1/x?sig=hunter2", "https://cm1/x"),
            ("https://cm1/x#hunter2", "https://cm1/x"),
            ("", ""),
            ("é", "é"),
        ] {
            assert_eq!(shown_address(url), shown);
        }
    }
}
