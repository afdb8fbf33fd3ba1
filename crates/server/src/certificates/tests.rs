use super::*;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn directory() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let certs = root.path().join("data").join("certs");
    (root, certs)
}

fn text(directory: &Path, name: &str) -> String {
    std::fs::read_to_string(directory.join(name)).unwrap()
}

fn given(names: &[&str]) -> BTreeSet<String> {
    super::names(names.iter().map(|name| (*name).to_owned()))
}

#[test]
fn names_are_the_loopback_the_host_and_the_given_ones() {
    let names = given(&["DB.Example.com", "0:0:0:0:0:0:0:7", "not a name", "db.example.com"]);
    for expected in ["localhost", "127.0.0.1", "::1", "db.example.com", "::7"] {
        assert!(names.contains(expected), "{expected} in {names:?}");
    }
    assert!(!names.contains("not a name"));
}

#[test]
fn the_same_names_keep_everything() {
    let (_root, certs) = directory();
    let now = SystemTime::now();
    let first = ensure(&certs, &given(&["a.example"]), now).unwrap();
    let second = ensure(&certs, &given(&["a.example"]), now + DAY * 300).unwrap();
    assert_eq!(first, second);
    assert_eq!(first.certificate, text(&certs, "server.crt"));
    for key in ["ca.key", "server.key"] {
        let mode = std::fs::metadata(certs.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let mut files: Vec<_> = std::fs::read_dir(&certs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["ca.crt", "ca.key", "server.crt", "server.key"]);
}

#[test]
fn other_names_make_another_certificate_of_the_same_authority() {
    let (_root, certs) = directory();
    let now = SystemTime::now();
    let first = ensure(&certs, &given(&["a.example"]), now).unwrap();
    let authority = (text(&certs, "ca.crt"), text(&certs, "ca.key"));
    let second = ensure(&certs, &given(&["b.example", "10.1.2.3"]), now).unwrap();
    assert_ne!(first, second);
    assert_eq!(authority, (text(&certs, "ca.crt"), text(&certs, "ca.key")));
    let names = with_parsed(&second.certificate, alternative_names).unwrap();
    assert!(names.contains("b.example") && names.contains("10.1.2.3") && !names.contains("a.example"), "{names:?}");
}

#[test]
fn a_certificate_near_its_end_or_damaged_is_made_again() {
    let (_root, certs) = directory();
    let now = SystemTime::now();
    let first = ensure(&certs, &given(&[]), now).unwrap();
    let second = ensure(&certs, &given(&[]), now + SERVER_LIFE - DAY * 29).unwrap();
    assert_ne!(first, second, "29 days left");
    let end = with_parsed(&second.certificate, expiry).unwrap().unwrap();
    assert!(end > now + SERVER_LIFE * 3 / 2);

    std::fs::write(certs.join("server.crt"), "nothing").unwrap();
    let third = ensure(&certs, &given(&[]), now).unwrap();
    std::fs::write(certs.join("server.key"), &first.key).unwrap();
    let fourth = ensure(&certs, &given(&[]), now).unwrap();
    assert_ne!(third, fourth, "the key did not fit");

    let (_other_root, other) = directory();
    let foreign = ensure(&other, &given(&[]), now).unwrap();
    std::fs::write(certs.join("server.crt"), &foreign.certificate).unwrap();
    std::fs::write(certs.join("server.key"), &foreign.key).unwrap();
    assert_ne!(ensure(&certs, &given(&[]), now).unwrap(), foreign, "another authority's");
}

#[test]
fn the_authority_is_never_made_again_behind_its_owners_back() {
    let (_root, certs) = directory();
    let now = SystemTime::now();
    ensure(&certs, &given(&[]), now).unwrap();
    let key = text(&certs, "ca.key");
    std::fs::remove_file(certs.join("ca.key")).unwrap();
    let error = ensure(&certs, &given(&[]), now).unwrap_err().to_string();
    assert!(error.contains("ca.key is damaged: it is missing"), "{error}");
    std::fs::write(certs.join("ca.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let error = ensure(&certs, &given(&[]), now).unwrap_err().to_string();
    assert!(error.contains("it is not the key of ca.crt"), "{error}");
    std::fs::write(certs.join("ca.key"), key).unwrap();
    std::fs::write(certs.join("ca.crt"), "nothing").unwrap();
    let error = ensure(&certs, &given(&[]), now).unwrap_err().to_string();
    assert!(error.contains("ca.crt is damaged"), "{error}");
}
