//! The server as it starts without `--insecure`.

use crate::harness::{Program, TempDir, basic, request};
use std::process::Command;

/// What the server says of root's password at first start.
fn password_in(greeting: &str) -> Option<&str> {
    let line = greeting.lines().find(|line| line.contains("password"))?;
    line.split_whitespace().last()
}

#[test]
fn the_first_start_makes_a_password_and_an_authority() {
    let data = TempDir::new();
    let program = Program::start(data.path(), &["--tls-name", "meters.example"]);
    let password =
        password_in(&program.greeting).unwrap_or_else(|| panic!("no password in {}", program.greeting)).to_owned();
    assert!(program.greeting.contains("https://"), "{}", program.greeting);
    // A plain request is sent on to TLS, whatever it carries.
    let target = "/restapi/query?db=defaultdb";
    let reply =
        request(program.address, "POST", target, &[("Authorization", &basic("root", &password))], b"select 1").unwrap();
    assert_eq!(reply.status, 307);
    assert_eq!(reply.header("location"), Some(format!("https://{}{target}", program.address).as_str()));
    let authority = data.path().join("certs/ca.crt");
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    let ask = |address: std::net::SocketAddr, name: &str, password: &str| {
        let url = format!("https://{name}:{}/restapi/login", address.port());
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--resolve", &format!("{name}:{}:127.0.0.1", address.port())])
            .args(["-u", &format!("root:{password}"), "--cacert"])
            .arg(&authority)
            .arg(url)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert!(ask(program.address, "localhost", &password).contains("\"code\":0"));
    assert!(ask(program.address, "meters.example", &password).contains("\"code\":0"));
    assert!(
        ask(program.address, "localhost", "kwdbpassword").contains("did not match"),
        "the well-known password works with TLS"
    );
    assert!(!ask(program.address, "elsewhere.example", &password).contains("\"code\":0"));

    // The second start says no password, and everything still holds.
    assert_eq!(program.terminate(), Some(0));
    let program = Program::start(data.path(), &[]);
    assert!(password_in(&program.greeting).is_none(), "{}", program.greeting);
    assert!(ask(program.address, "localhost", &password).contains("\"code\":0"));
    assert_eq!(program.terminate(), Some(0));

    // A password file is root's password from then on.
    let file = data.path().join("root-password");
    std::fs::write(&file, "Another 1\n").unwrap();
    let program = Program::start(data.path(), &["--root-password-file", file.to_str().unwrap()]);
    assert!(ask(program.address, "localhost", "Another 1").contains("\"code\":0"));
    assert!(ask(program.address, "localhost", &password).contains("did not match"));
}

#[cfg(unix)]
#[test]
fn private_keys_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = TempDir::new();
    let _program = Program::start(data.path(), &[]);
    for key in ["certs/ca.key", "certs/server.key"] {
        let mode = std::fs::metadata(data.path().join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
}

/// The documents print `curl -L` and an address without `https`: the redirect sends it on.
#[test]
fn the_printed_command_needs_a_word_for_curls_of_today() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    let data = TempDir::new();
    let program = Program::start(data.path(), &[]);
    let password = password_in(&program.greeting).unwrap().to_owned();
    let printed = |follow: &[&str], scheme: &str| {
        let output = Command::new("curl")
            .args(["--silent", "--show-error"])
            .args(follow)
            .args(["-H", "Content-Type:text/plain", "-H", &format!("Authorization: {}", basic("root", &password))])
            .arg("--cacert")
            .arg(data.path().join("certs/ca.crt"))
            .args(["-d", "select 1", "-X", "POST"])
            .arg(format!("{scheme}localhost:{}/restapi/query?db=defaultdb", program.address.port()))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert!(
        printed(&["-L", "--location-trusted"], "").contains("\"rows\":1"),
        "{}",
        printed(&["--location-trusted"], "")
    );
    assert!(printed(&["-L"], "https://").contains("\"rows\":1"));
    // Either an older curl, or the answer says what to do.
    let as_printed = printed(&["-L"], "");
    let is_told = as_printed.contains("\"rows\":1") || as_printed.contains("--location-trusted");
    assert!(is_told, "{as_printed}");

    // Without TLS nothing is sent on: the command works as printed.
    assert_eq!(program.terminate(), Some(0));
    let other = TempDir::new();
    let program = Program::insecure(other.path());
    let url = format!("{}/restapi/query?db=defaultdb", program.address);
    let authorization = format!("Authorization: {}", basic("root", "kwdbpassword"));
    let output = Command::new("curl")
        .args(["--silent", "-L", "-H", "Content-Type:text/plain", "-H", &authorization, "--cacert", "../certs/ca.crt"])
        .args(["-d", "select 1", "-X", "POST", &url])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"rows\":1"), "{output:?}");
}
