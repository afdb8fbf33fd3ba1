//! The first lines of a server: where it answers, where its data is, and what to try.

use crate::client::{WELL_KNOWN_PASSWORD, basic};
use server::Bound;
use server::settings::Settings;
use std::fmt::Write;

/// The lines. The password is there only at the start that made it.
pub(crate) fn greeting(settings: &Settings, listeners: &[Bound], root_password: Option<&str>) -> String {
    let mut lines = format!("Chronoglot {}", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, text: &str| {
        let _infallible = write!(lines, "\n  {name:<10}{text}");
    };
    for bound in listeners {
        line("serving", &format!("{} ({})", url(bound), bound.dialects.join(", ")));
    }
    line("data", &settings.data_dir.display().to_string());
    if let Some(password) = root_password {
        line("root", &format!("this is said once: the password of root is {password}"));
    }
    if let Some(bound) = listeners.first() {
        line("try", &curl_command(settings, bound, root_password));
    }
    lines
}

/// The URL of a listener.
pub(crate) fn url(bound: &Bound) -> String {
    let scheme = if bound.tls { "https" } else { "http" };
    format!("{scheme}://{}", bound.address)
}

fn curl_command(settings: &Settings, bound: &Bound, root_password: Option<&str>) -> String {
    let authority = settings.data_dir.join("certs").join("ca.crt");
    if !bound.dialects.contains(&"kwdb") {
        let trust = if bound.tls { format!("--cacert {} ", authority.display()) } else { String::new() };
        return format!("curl {trust}{}/", url(bound));
    }
    let endpoint = format!("{}/restapi/query", url(bound));
    if settings.insecure {
        let authorization = basic("root", WELL_KNOWN_PASSWORD);
        return format!("curl -H 'Authorization: {authorization}' -d 'show databases' {endpoint}");
    }
    let password = root_password.unwrap_or("PASSWORD");
    format!("curl --cacert {} -u root:{password} -d 'show databases' {endpoint}", authority.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::insecure_settings;

    fn bound(tls: bool) -> Bound {
        Bound { address: "127.0.0.1:8080".parse().unwrap(), tls, dialects: vec!["kwdb"] }
    }

    #[test]
    fn an_insecure_server_says_a_command_that_works_as_it_stands() {
        let settings = insecure_settings("d".as_ref(), "127.0.0.1:8080");
        assert_eq!(
            greeting(&settings, &[bound(false)], None),
            "Chronoglot 0.1.0\n  serving   http://127.0.0.1:8080 (kwdb)\n  data      d\n  try       curl -H \
             'Authorization: Basic cm9vdDprd2RicGFzc3dvcmQ=' -d 'show databases' http://127.0.0.1:8080/restapi/query"
        );
    }

    #[test]
    fn without_the_dialect_of_the_command_the_home_page_is_shown() {
        let settings = insecure_settings("d".as_ref(), "127.0.0.1:8080");
        let bound = Bound { dialects: vec!["other"], ..bound(false) };
        assert!(greeting(&settings, &[bound], None).ends_with("\n  try       curl http://127.0.0.1:8080/"));
    }

    #[test]
    fn a_password_is_said_only_when_it_was_made() {
        let settings = Settings::default();
        assert!(greeting(&settings, &[bound(true)], Some("s3cret")).contains("-u root:s3cret"));
        assert!(greeting(&settings, &[bound(true)], None).contains("-u root:PASSWORD"));
    }
}
