//! The command line: exit codes (0 well, 1 could not run, 2 policy refused) and messages with the remedy.

use std::net::TcpListener;

use crate::support::exit::{Running, folder_with};
use crate::support::{Gateway, Origin, policy, run};

/// A policy that checks, for an upstream that need not exist.
fn sound() -> String {
    policy(["127.0.0.1:9"]).into()
}

#[test]
fn check_accepts_a_sound_policy_and_binds_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let on_taken = sound().replace("127.0.0.1:0", &taken.local_addr().unwrap().to_string());
    run(&["check", "portcullis.toml"], &on_taken, &[]).assert(0, &[]);
    run(&["check"], &sound(), &[]).assert(0, &[]);
}

#[test]
fn check_says_that_nothing_limits_the_rate() {
    run(&["check"], &sound(), &[]).assert(0, &["rate limit"]);
}

#[test]
fn check_reports_every_fault_with_its_place_and_remedy() {
    let text = "[upstreams.web]\nservers = [\"http://127.0.0.1:9\"]\n\n\
                [[routes]]\nmatch = { path = \"/*\" }\nupstream = \"wbe\"\n\n[defaults]\nmax_bdy = \"1MiB\"\n\
                timeouts = { response_head_total = \"15\" }\n";
    for command in [["check", "portcullis.toml"], ["serve", "portcullis.toml"]] {
        let exit = run(&command, text, &[]);
        exit.assert(
            2,
            &[
                "portcullis.toml:9:1",
                "`max_bdy`",
                "max_body",
                "portcullis.toml:10:",
                "15s",
            ],
        );
    }
    let meaning = text.replace("max_bdy", "max_body").replace("\"15\"", "\"15s\"");
    run(&["check"], &meaning, &[]).assert(2, &["portcullis.toml:6:", "`wbe`", "`web`"]);
}

#[test]
fn keys_of_capabilities_not_built_are_refused_as_unknown() {
    for later in [
        "[store]\nredis = \"redis://redis\"",
        "[modes.exam]\nenv = \"EXAM_MODE\"",
    ] {
        let exit = run(&["check"], &(sound() + "\n" + later), &[]);
        exit.assert(2, &["portcullis.toml:"]);
    }
}

#[test]
fn a_taken_port_is_named_and_nothing_is_left_half_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = policy(["127.0.0.1:9"]).and(&format!("[listeners.second]\naddress = \"{address}\""));
    let exit = run(&["serve"], &text.text(), &[]);
    exit.assert(1, &[&address, "second", "in use"]);
    assert!(!exit.output().contains("portcullis ready"));
}

#[test]
fn a_missing_variable_is_named() {
    let text = sound() + "\n[logs]\nlevel = \"${LEVEL_THAT_NOBODY_SET}\"";
    for command in ["check", "serve"] {
        run(&[command], &text, &[]).assert(2, &["LEVEL_THAT_NOBODY_SET", "portcullis.toml:"]);
    }
    run(&["check"], &text, &[("LEVEL_THAT_NOBODY_SET", "debug")]).assert(0, &[]);
}

#[test]
fn an_expanded_value_is_never_printed() {
    let text = sound() + "\n[logs]\nlevel = \"${LEVEL}\"";
    let exit = run(&["check"], &text, &[("LEVEL", "hunter2secret")]);
    exit.assert(2, &["${LEVEL}"]);
    assert!(!exit.output().contains("hunter2secret"), "{}", exit.output());
}

#[test]
fn a_missing_policy_is_named() {
    for command in ["check", "serve"] {
        let exit = run(&[command, "not-there.toml"], "", &[]);
        assert!(matches!(exit.code, Some(1 | 2)), "{exit:?}");
        assert!(exit.output().contains("not-there.toml"), "{exit:?}");
    }
    let exit = run(&["check", "."], "", &[]);
    assert!(
        matches!(exit.code, Some(1 | 2)),
        "a folder is no policy: {exit:?}"
    );
}

#[test]
fn policies_that_are_not_text_are_refused_without_a_panic() {
    for text in [
        "",
        "\u{feff}",
        "\0\0\0",
        "= = =",
        "[gateway",
        "a = \"\u{202e}",
        &"[".repeat(100_000),
    ] {
        run(&["check"], text, &[]).assert(2, &[]);
    }
}

#[test]
fn usage_is_told() {
    let help = run(&["--help"], "", &[]);
    help.assert(0, &["Exit codes"]);
    for command in [
        "serve",
        "check",
        "explain",
        "healthcheck",
        "sentry-test",
        "version",
        "demo",
        "help",
    ] {
        let listed = |line: &String| line.trim_start().starts_with(command);
        assert!(help.stdout.iter().any(listed), "{command}");
        run(&["help", command], "", &[]).assert(0, &["portcullis"]);
    }
    for version in ["--version", "-V", "version"] {
        let exit = run(&[version], "", &[]);
        exit.assert(0, &[]);
        assert_eq!(exit.stdout, [concat!("portcullis ", env!("CARGO_PKG_VERSION"))]);
    }
    run(&["check", "--no-such-flag"], "", &[]).assert(2, &["--no-such-flag"]);
}

#[test]
fn a_word_that_is_no_command_is_not_taken_for_a_file() {
    for (word, hint) in [
        ("chekc", "`portcullis check`"),
        ("srve", "`portcullis serve`"),
        ("reload", "SIGHUP"),
        ("stop", "SIGTERM"),
        ("status", "`portcullis healthcheck`"),
        ("validate", "`portcullis check POLICY`"),
        ("run", "`portcullis serve POLICY`"),
        ("start", "`portcullis serve POLICY`"),
        ("frobnicate", "commands: `serve`, `check`"),
    ] {
        for arguments in [&[word][..], &[word, "portcullis.toml"]] {
            let exit = run(arguments, &sound(), &[]);
            exit.assert(2, &[&format!("`{word}` is no command"), hint]);
        }
    }
    let exit = run(&["site.toml"], "", &[]);
    exit.assert(2, &["the policy `site.toml` cannot be read"]);
    // A file is served whatever its name.
    let folder = folder_with("");
    std::fs::write(folder.path().join("reload"), "[defaults]\nmax_bdy = 1\n").unwrap();
    let exit = Running::start(&["reload"], folder.path(), &[]).wait();
    exit.assert(2, &["reload:2:1", "`max_body`"]);
}

#[test]
fn one_faulty_route_makes_no_other_faults() {
    let text = sound()
        + "[[routes]]\nname = \"a\"\nmatch = { path = \"api\" }\nstrip_prefix = \"/api\"\n\
           [[routes]]\nname = \"b\"\nmatch = { path = \"/b\", host = \"https://x/\" }\n\
           [[routes]]\nname = \"c\"\nmatch = { path = \"/b\" }\n\
           [[routes]]\nname = \"d\"\nmatch = { path = \"/d/{id}\" }\nredirect = { to = \"/e/{id}\" }\n";
    let exit = run(&["check"], &text, &[]);
    exit.assert(2, &["write \"/api\"", "write \"x\"", "2 faults"]);
    let named =
        sound() + "[upstreams.other]\nservers = [\"http://127.0.0.1:9\"]\n[limits.few]\nrate = \"1/s\"\n";
    let wrong = named + "[[routes]]\nupstream = \"othr\"\nlimits = [\"fw\"]\n";
    let exit = run(&["check"], &wrong, &[]);
    exit.assert(2, &["did you mean `other`", "did you mean `few`", "2 faults"]);
    assert!(!exit.output().contains("warning"), "{}", exit.output());
}

#[test]
fn a_folder_for_the_access_log_that_is_not_there_is_named() {
    for command in ["check", "serve"] {
        let text = sound() + "[logs]\naccess = \"not-there/access.log\"\n";
        let place = format!("portcullis.toml:{}:10", text.lines().count());
        run(&[command], &text, &[]).assert(2, &["the folder `not-there`", &place]);
    }
    let text = sound() + "[logs]\naccess = \"./\"\n";
    run(&["check"], &text, &[]).assert(2, &["`./` is a folder"]);
    let text = sound() + "[logs]\naccess = \"./access.log\"\n";
    let folder = folder_with(&text);
    Running::start(&["check"], folder.path(), &[])
        .wait()
        .assert(0, &[]);
    assert!(
        !folder.path().join("access.log").exists(),
        "check leaves nothing behind"
    );
}

#[test]
fn trust_in_private_addresses_is_doubted_on_the_implied_listener_too() {
    let text =
        "[upstreams.a]\nservers = [\"http://127.0.0.1:9\"]\n[client]\ntrusted_proxies = [\"private\"]\n";
    run(&["check"], text, &[]).assert(
        0,
        &[
            "warning: the listener `http` is open to all",
            "portcullis.toml:4:20",
        ],
    );
}

#[test]
fn without_a_command_it_serves_the_policy_lying_here() {
    let origin = Origin::echo();
    let folder = folder_with(&policy([origin.address()]).text());
    let mut running = Running::start(&[], folder.path(), &[]);
    let ready = |lines: &[String]| {
        lines
            .iter()
            .any(|line| line.starts_with("portcullis ready:"))
            .then_some(())
    };
    assert!(running.stderr.find("the ready line", ready).is_some());
    running.signal(rustix::process::Signal::TERM);
    running.wait().assert(0, &["http=127.0.0.1:"]);
}

#[test]
fn the_default_listener_is_8080_on_every_address() {
    let text = "[upstreams.web]\nservers = [\"http://127.0.0.1:9\"]\n";
    run(&["check"], text, &[]).assert(0, &[]);
    run(&["check"], "[gateway]\nworkers = 1\n", &[]).assert(2, &["upstream"]);
}

#[test]
fn the_ready_line_says_how_many_workers_there_are() {
    let exit = Gateway::start(policy(["127.0.0.1:9"]).gateway("drain = \"1s\"")).stop();
    assert!(
        exit.stderr
            .iter()
            .any(|line| line.starts_with("portcullis ready:") && line.contains("workers=2"))
    );
}
