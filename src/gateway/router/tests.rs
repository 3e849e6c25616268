//! The index against a plain scan of the rules in file order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

fn rule(path: &str, hosts: &[&str], methods: &[&str]) -> Rule {
    Rule {
        path: PathPattern::parse(path).unwrap(),
        hosts: hosts
            .iter()
            .map(|host| HostPattern::parse(host).unwrap())
            .collect(),
        methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
    }
}

fn paths(patterns: &[&str]) -> Router {
    Router::new(patterns.iter().map(|pattern| rule(pattern, &[], &[])).collect())
}

fn get(router: &Router, path: &str) -> Found {
    router.find(Some("a.x"), path, &Method::GET)
}

#[test]
fn the_first_in_the_file_wins_not_the_closest() {
    let router = paths(&["/a/{id}", "/a/b", "/*", "/a/*"]);
    assert_eq!(get(&router, "/a/b"), Found::Route(0));
    assert_eq!(get(&router, "/a/b/c"), Found::Route(2));
    assert_eq!(router.unreachable(), [(1, 0), (3, 2)]);
}

#[test]
fn a_prefix_matches_itself_with_and_without_a_slash() {
    let router = paths(&["/x/*"]);
    for path in ["/x", "/x/", "/x/y/z"] {
        assert_eq!(get(&router, path), Found::Route(0), "{path}");
    }
    for path in ["/", "/xy", "/y/x"] {
        assert_eq!(get(&router, path), Found::NotFound, "{path}");
    }
}

#[test]
fn a_template_is_one_segment_that_is_not_empty() {
    let router = paths(&["/api/{id}/x", "/a/{id}/*"]);
    assert_eq!(get(&router, "/api/7/x"), Found::Route(0));
    assert_eq!(get(&router, "/api/7/8/x"), Found::NotFound);
    assert_eq!(get(&router, "/a/7"), Found::Route(1));
    assert_eq!(get(&router, "/a/7/8/9"), Found::Route(1));
    assert_eq!(get(&router, "/a/"), Found::NotFound);
    assert_eq!(get(&router, "/a"), Found::NotFound);
}

#[test]
fn a_final_slash_is_another_path() {
    let router = paths(&["/a", "/b/", "/"]);
    assert_eq!(get(&router, "/a/"), Found::NotFound);
    assert_eq!(get(&router, "/b"), Found::NotFound);
    assert_eq!(get(&router, "/b/"), Found::Route(1));
    assert_eq!(get(&router, "/"), Found::Route(2));
}

#[test]
fn names_all_allowed_methods_if_none_fits() {
    let router = Router::new(vec![
        rule("/a", &[], &["POST", "PURGE"]),
        rule("/a", &[], &["GET"]),
        rule("/{x}", &[], &["PURGE", "DELETE"]),
        rule("/a", &["other"], &["PUT"]),
    ]);
    let allow = HeaderValue::from_static("GET, HEAD, POST, DELETE, PURGE");
    assert_eq!(
        router.find(Some("x"), "/a", &Method::PUT),
        Found::MethodNotAllowed(allow)
    );
    assert_eq!(router.find(None, "/a", &Method::HEAD), Found::Route(1));
    assert_eq!(
        router.find(None, "/b", &"PURGE".parse().unwrap()),
        Found::Route(2)
    );
    assert_eq!(router.find(Some("other"), "/a", &Method::PUT), Found::Route(3));
    assert_eq!(router.find(None, "/a/b", &Method::PUT), Found::NotFound);
}

#[test]
fn hosts_match_exactly_or_by_suffix() {
    let router = Router::new(vec![
        rule("/*", &["a.x", "b.x"], &[]),
        rule("/*", &["*.a.x", "*.y"], &[]),
        rule("/*", &["*.x"], &[]),
        rule("/none", &[], &[]),
    ]);
    let at = |host| router.find(host, "/p", &Method::GET);
    assert_eq!(at(Some("b.x")), Found::Route(0));
    assert_eq!(at(Some("q.a.x")), Found::Route(1));
    assert_eq!(at(Some("p.q.y")), Found::Route(1));
    assert_eq!(at(Some("c.x")), Found::Route(2));
    assert_eq!(at(Some("x")), Found::NotFound);
    assert_eq!(at(None), Found::NotFound);
    assert_eq!(router.find(None, "/none", &Method::GET), Found::Route(3));
}

#[test]
fn sees_what_can_never_be_reached() {
    let router = Router::new(vec![
        rule("/a/*", &[], &["GET"]),
        rule("/a/b", &["x"], &["HEAD"]),
        rule("/a/b", &["x"], &["GET", "POST"]),
        rule("/c", &["*.x", "x"], &[]),
        rule("/c", &["a.x", "*.b.x", "x"], &["PURGE"]),
        rule("/c", &["a.x", "y"], &[]),
        rule("/d", &[], &["PUT", "PURGE"]),
        rule("/d", &[], &["DELETE"]),
        rule("/d", &["x", "y"], &["PUT", "DELETE"]),
        rule("/d", &[], &["PURGE"]),
        rule("/d/*", &[], &["PURGE"]),
        rule("/{any}/", &[], &[]),
        rule("/e/", &[], &[]),
        rule("/e/{any}", &[], &[]),
    ]);
    assert_eq!(router.unreachable(), [(1, 0), (4, 3), (8, 6), (9, 6), (12, 11)]);
}

#[test]
fn ten_thousand_rules_are_checked_in_no_time() {
    let rules = (0..10_000).map(|number| {
        rule(
            &format!("/api/v{}/things/{number}/{{id}}", number % 10),
            &[],
            &["GET"],
        )
    });
    let router = Router::new(rules.chain((0..10_000).map(|_| rule("/*", &[], &[]))).collect());
    assert_eq!(get(&router, "/api/v3/things/4713/x"), Found::Route(4_713));
    let unreachable = router.unreachable();
    assert_eq!((unreachable.len(), unreachable[9_998]), (9_999, (19_999, 10_000)));
}

/// A rule as text, for the plain scan.
#[derive(Debug, Clone)]
struct Plain {
    path: String,
    hosts: Vec<&'static str>,
    methods: Vec<&'static str>,
}

impl Plain {
    fn compile(&self) -> Rule {
        rule(&self.path, &self.hosts, &self.methods)
    }

    fn matches_path(&self, path: &str) -> bool {
        let (pattern, open) = match self.path.strip_suffix("/*") {
            Some(prefix) => (prefix, true),
            None => (self.path.as_str(), false),
        };
        let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        let segment = |(wanted, given): (&&str, &&str)| {
            wanted == given || (wanted.starts_with('{') && !given.is_empty())
        };
        (pattern.len() == path.len() || open && pattern.len() < path.len())
            && pattern.iter().zip(&path).all(segment)
    }

    fn matches_host(&self, host: Option<&str>) -> bool {
        let one = |pattern: &&str| match pattern.strip_prefix('*') {
            Some(suffix) => host.is_some_and(|host| host.ends_with(suffix)),
            None => host == Some(*pattern),
        };
        self.hosts.is_empty() || self.hosts.iter().any(one)
    }

    fn matches_method(&self, method: &str) -> bool {
        let one = |listed: &&str| *listed == method || (*listed == "GET" && method == "HEAD");
        self.methods.is_empty() || self.methods.iter().any(one)
    }
}

const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PURGE", "LOCK"];
const HOSTS: [Option<&str>; 7] = [
    None,
    Some("x"),
    Some("a.x"),
    Some("b.a.x"),
    Some("c.b.a.x"),
    Some("z.x"),
    Some("y"),
];

fn rules(most: usize) -> impl Strategy<Value = Vec<Plain>> {
    let segment = select(vec!["a", "a", "b", "{id}"]);
    let path = (
        prop::collection::vec(segment, 0..4),
        select(vec!["", "", "/", "/*"]),
    )
        .prop_map(|(segments, end)| {
            let path: String = segments
                .iter()
                .flat_map(|segment| ["/", segment])
                .chain([end])
                .collect();
            if path.is_empty() { "/".to_owned() } else { path }
        });
    let hosts = prop_oneof![
        Just(vec![]),
        subsequence(vec!["x", "a.x", "b.a.x", "*.x", "*.a.x", "y"], 1..4)
    ];
    let methods = prop_oneof![Just(vec![]), subsequence(METHODS.to_vec(), 1..4)];
    let plain = (path, hosts, methods).prop_map(|(path, hosts, methods)| Plain { path, hosts, methods });
    prop::collection::vec(plain, 1..most)
}

/// All paths of up to four segments over letters that patterns use, one they do not, and the empty one.
fn universe() -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        let longer = |path: &String| ["a", "b", "z", ""].map(|segment| format!("{path}/{segment}"));
        paths = paths.iter().flat_map(longer).collect();
        all.extend(paths.iter().cloned());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_plain_scan(
        plain in rules(24),
        requests in prop::collection::vec(("(/(a|b|z)?){1,5}", select(HOSTS.to_vec()), select(METHODS.to_vec())), 32),
    ) {
        let router = Router::new(plain.iter().map(Plain::compile).collect());
        for (path, host, method) in requests {
            let here: Vec<_> = plain.iter().map(|rule| rule.matches_path(&path) && rule.matches_host(host)).collect();
            let first = plain.iter().zip(&here).position(|(rule, here)| *here && rule.matches_method(method));
            match router.find(host, &path, &method.parse().unwrap()) {
                Found::Route(number) => prop_assert_eq!(first, Some(number), "{} {:?} {}", method, host, path),
                Found::NotFound => prop_assert!(!here.contains(&true), "{method} {host:?} {path}"),
                Found::MethodNotAllowed(allow) => {
                    prop_assert!(first.is_none() && here.contains(&true), "{method} {host:?} {path}");
                    let listed: Vec<_> = allow.to_str().unwrap().split(", ").collect();
                    for method in METHODS {
                        let allowed = plain.iter().zip(&here).any(|(rule, here)| *here && rule.matches_method(method));
                        prop_assert_eq!(listed.contains(&method), allowed);
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn tells_exactly_which_rules_one_earlier_rule_covers(plain in rules(9)) {
        let router = Router::new(plain.iter().map(Plain::compile).collect());
        let unreachable = router.unreachable();
        let paths = universe();
        // A method and a host that no rule names stand for all such.
        let methods = [METHODS.as_slice(), &["OTHER"]].concat();
        let hosts = [HOSTS.as_slice(), &[Some("q.z.x"), Some("q.a.x"), Some("w")]].concat();
        let sets: Vec<(Vec<bool>, Vec<bool>, Vec<bool>)> = plain.iter().map(|rule| (
            paths.iter().map(|path| rule.matches_path(path)).collect(),
            hosts.iter().map(|host| rule.matches_host(*host)).collect(),
            methods.iter().map(|method| rule.matches_method(method)).collect(),
        )).collect();
        let within = |inner: &[bool], outer: &[bool]| inner.iter().zip(outer).all(|(inner, outer)| !inner || *outer);
        for (later, rule) in sets.iter().enumerate() {
            let covered = sets[..later].iter().any(|earlier| {
                within(&rule.0, &earlier.0) && within(&rule.1, &earlier.1) && within(&rule.2, &earlier.2)
            });
            let told = unreachable.iter().find(|(never, _)| *never == later);
            prop_assert!(!covered || told.is_some(), "rule {later} is covered");
            if let Some((_, by)) = told {
                prop_assert!(*by < later);
                for path in paths.iter().filter(|path| plain[later].matches_path(path)) {
                    for host in hosts.iter().filter(|host| plain[later].matches_host(**host)) {
                        for method in methods.iter().filter(|method| plain[later].matches_method(method)) {
                            let found = router.find(*host, path, &method.parse().unwrap());
                            prop_assert!(matches!(found, Found::Route(number) if number < later));
                        }
                    }
                }
            }
        }
    }
}
