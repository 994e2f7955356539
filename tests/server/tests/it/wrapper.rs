use crate::client::{Client, connect};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Output, Stdio},
};
use testserver::names;

fn testserver(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testserver"));
    command.args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    testserver(words).output().expect("runs")
}

#[test]
fn arguments_and_environment_are_filled_in() {
    for (name, _) in names::NAMES {
        let script = format!("test \"$0\" = \"<$HTTPC_TEST_{}>\" && test \"$0\" != \"<>\"", name.to_uppercase());
        let output = run(&["run", "--", "sh", "-c", &script, &format!("<{{{name}}}>")]);
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
    }
    let output = run(&["run", "--", "cat", "{ca}", "{client_cert}", "{client_key}"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches("-----BEGIN ").count(), 3);
    let output = run(&["run", "--", "echo", "{url}/a?{other}", "{ca}"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with("http://127.0.0.1:") && text.contains("/a?{other} /"), "{text}");
    let ca = text.trim().rsplit_once(' ').expect("two words").1;
    assert!(!std::path::Path::new(ca).exists(), "{ca} is left behind");
}

#[test]
fn exit_codes_are_forwarded() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        assert_eq!(run(&["run", "--", "sh", "-c", script]).status.code(), Some(code), "{script}");
    }
    assert_eq!(run(&["run", "--", "/nonexistent/program"]).status.code(), Some(127));
    assert_eq!(run(&["run", "--", "/"]).status.code(), Some(126));
    for wrong in [&["run"][..], &[], &["run", "--"], &["run", "--lifetime", "x", "--", "true"], &["serve", "x"]] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(125), "{wrong:?}");
        assert!(output.stderr.starts_with(b"usage: "));
    }
}

#[test]
fn the_lifetime_ends_the_command_and_what_it_started() {
    // The output would stay open as long as the inner sleep lives.
    let output = run(&["run", "--lifetime", "0.2", "--", "sh", "-c", "sleep 600; true"]);
    assert_eq!(output.status.code(), Some(124));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lifetime"));
}

#[test]
fn a_signal_ends_the_command_too() {
    let mut server = testserver(&["run", "--", "sh", "-c", "echo {ca}; sleep 600; true"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut output = BufReader::new(server.stdout.take().expect("piped"));
    let mut ca = String::new();
    output.read_line(&mut ca).expect("the command runs");
    let pid = libc::pid_t::try_from(server.id()).expect("a process id");
    // SAFETY: a plain system call; the process is a child not yet waited for.
    unsafe { libc::kill(pid, libc::SIGTERM) };
    output.read_to_string(&mut String::new()).expect("everybody who could write has ended");
    assert_eq!(server.wait().expect("ends").code(), Some(128 + libc::SIGTERM));
    assert!(!std::path::Path::new(ca.trim()).exists());
}

#[test]
#[cfg(target_os = "linux")]
fn server_and_command_die_with_the_parent() {
    let mut parent = Command::new("sh")
        .args(["-c", "\"$0\" run -- sh -c 'echo running; exec sleep 600' & wait"])
        .arg(env!("CARGO_BIN_EXE_testserver"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut output = BufReader::new(parent.stdout.take().expect("piped"));
    output.read_line(&mut String::new()).expect("the command runs");
    parent.kill().expect("kills");
    output.read_to_string(&mut String::new()).expect("everybody who could write has ended");
    parent.wait().expect("ends");
}

#[test]
fn serve_tells_its_addresses_until_its_input_ends() {
    let mut server = testserver(&["serve"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let addresses: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(addresses.as_object().expect("an object").len(), names::NAMES.len());
    let url = addresses["url"].as_str().expect("a URL");
    assert_eq!(Client::on(connect(url)).get("/echo").status, 200);
    drop(server.stdin.take());
    assert_eq!(server.wait().expect("ends").code(), Some(0));
}
