//! The vendors' own clients, unmodified, against the real program: each program in `clients/` writes
//! through its client, reads back and fails on the first difference. Without the client it is skipped aloud.

use crate::harness::{Program, TempDir, python_with};
use std::path::{Path, PathBuf};
use std::process::Command;

fn script(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients")).join(name)
}

/// Runs a script with the server's address as its argument.
fn run(mut interpreter: Command, name: &str, program: &Program) {
    let output = interpreter.arg(script(name)).arg(format!("http://{}", program.address)).output().unwrap();
    assert!(
        output.status.success(),
        "{name}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Python with the module, if this machine has one.
fn python(module: &str) -> Option<Command> {
    let mut command = Command::new(python_with(module)?);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// Node with the package, if this machine has one.
fn node(package: &str) -> Option<Command> {
    let Some(modules) = std::env::var_os("CHRONOGLOT_TEST_NODE_MODULES") else {
        eprintln!("SKIPPED: set CHRONOGLOT_TEST_NODE_MODULES to a node_modules that has {package}");
        return None;
    };
    if !Path::new(&modules).join(package).is_dir() {
        eprintln!("SKIPPED: {} has no {package}", modules.display());
        return None;
    }
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules);
    Some(command)
}

/// Java with the jar, if this machine has it; it compiles a single source file itself.
fn java(jar: &str) -> Option<Command> {
    let Some(jars) = std::env::var_os("CHRONOGLOT_TEST_JARS") else {
        eprintln!("SKIPPED: set CHRONOGLOT_TEST_JARS to a directory that has {jar}");
        return None;
    };
    let path = Path::new(&jars).join(jar);
    if !path.is_file() {
        eprintln!("SKIPPED: {} has no {jar}", jars.display());
        return None;
    }
    let mut command = Command::new("java");
    // Of the JVM's two compilers the quick one is enough for a program this short.
    command.args(["-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC", "-cp"]).arg(path);
    Some(command)
}

/// Go in the directory of a script's module, if this machine has the module that it depends on.
fn go(directory: &str, module: &str) -> Option<Command> {
    let Some(modules) = std::env::var_os("CHRONOGLOT_TEST_GO_MODULES") else {
        eprintln!("SKIPPED: set CHRONOGLOT_TEST_GO_MODULES to a module cache that has {module}");
        return None;
    };
    if !Path::new(&modules).join(module).is_dir() {
        eprintln!("SKIPPED: {} has no {module}", modules.display());
        return None;
    }
    let mut command = Command::new("go");
    command.arg("run").current_dir(script(directory)).env("GOMODCACHE", modules);
    // What is there is used as it is: nothing is downloaded, and no file of the module changes.
    command.envs([
        ("GOPROXY", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GOWORK", "off"),
        ("GOFLAGS", "-mod=readonly -buildvcs=false"),
    ]);
    Some(command)
}

#[test]
fn taospy_writes_and_reads() {
    let Some(python) = python("taosrest") else { return };
    let data = TempDir::new();
    run(python, "tdengine_taospy.py", &Program::insecure(data.path()));
}

#[test]
fn the_npm_package_of_tdengine_writes_and_reads() {
    let Some(node) = node("@tdengine/rest") else { return };
    let data = TempDir::new();
    run(node, "tdengine_rest.js", &Program::insecure(data.path()));
}

#[test]
fn the_java_driver_of_tdengine_writes_and_reads() {
    let Some(java) = java("taos-jdbcdriver-3.7.9-dist.jar") else { return };
    let data = TempDir::new();
    run(java, "tdengine_jdbc.java", &Program::insecure(data.path()));
}

#[test]
fn the_go_driver_of_tdengine_writes_and_reads() {
    let Some(go) = go("tdengine_go", "github.com/taosdata/driver-go/v3@v3.6.0") else { return };
    let data = TempDir::new();
    run(go, "tdengine_go/main.go", &Program::insecure(data.path()));
}

#[test]
fn the_influx_client_of_1_x_writes() {
    let Some(python) = python("influxdb") else { return };
    let data = TempDir::new();
    run(python, "influx_1x.py", &Program::insecure(data.path()));
}

#[test]
fn the_influx_client_of_1_x_pings_where_ping_is_not_iotdbs() {
    let Some(python) = python("influxdb") else { return };
    let data = TempDir::new();
    let settings = data.path().join("settings.toml");
    std::fs::write(&settings, "[dialects]\niotdb = false\n").unwrap();
    let program = Program::start(&data.path().join("data"), &["--insecure", "--config", settings.to_str().unwrap()]);
    run(python, "influx_1x_ping.py", &program);
}

#[test]
fn the_influx_client_of_2_x_writes_at_once_and_in_batches() {
    let Some(python) = python("influxdb_client") else { return };
    let data = TempDir::new();
    run(python, "influx_2x.py", &Program::insecure(data.path()));
}
