//! Request heads: how long a target, how many headers, how many bytes.

use crate::support::{Ask, Gateway, Origin, policy};

#[test]
fn a_target_over_the_limit_is_414_and_one_at_it_passes() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_target = \"100B\""));
    let target = format!("/{}", "x".repeat(99));
    assert_eq!(
        Ask::get(&target).to(gateway.http()).json()["target"],
        target.as_str()
    );
    Ask::get(&format!("{target}x"))
        .to(gateway.http())
        .assert_refused(414, "target_too_long");
    let with_query = format!("/?{}", "x".repeat(99));
    assert_eq!(
        Ask::get(&with_query).to(gateway.http()).status,
        414,
        "the query counts"
    );
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn too_many_headers_are_431() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_headers = 20"));
    let with = |count: usize| {
        (0..count).fold(Ask::get("/"), |ask, number| {
            ask.header(&format!("X-Number-{number}"), "1")
        })
    };
    assert_eq!(with(19).to(gateway.http()).status, 200, "twenty with `Host`");
    assert_eq!(with(30).to(gateway.http()).status, 431);
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn a_head_over_the_limit_is_431_and_the_connection_ends() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_head = \"8KiB\""));
    assert_eq!(
        Ask::get("/")
            .header("X-Long", &"x".repeat(6000))
            .to(gateway.http())
            .status,
        200
    );
    let mut wire = gateway.connect();
    wire.try_send(Ask::get("/").header("X-Long", &"x".repeat(12_000)).bytes());
    assert_eq!(wire.answer().status, 431);
    assert!(wire.is_closed());
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}
