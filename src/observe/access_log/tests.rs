//! Lanes, rotation, and targets that take nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::line::tests::line;
use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn written(path: &std::path::Path) -> Vec<String> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn stop_writes_the_lines_of_every_lane() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lost = Counter::detached();
    let log = AccessLog::start(Target::File(file.path().into()), Format::Json, lost.clone()).unwrap();
    let lanes = [log.lane(), log.lane()];
    for lane in &lanes {
        (0..500).for_each(|_| lane.write(&line()));
    }
    assert!(log.stop(PATIENCE));
    let found = written(file.path());
    assert_eq!(found.len(), 1000);
    assert!(
        found
            .iter()
            .all(|line| line.starts_with("{\"timestamp\"") && line.ends_with('}'))
    );
    lanes[0].write(&line());
    lanes[0].flush();
    assert_eq!(lost.get(), 1, "a line after the end is counted");
}

#[test]
fn a_rotated_file_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (
        folder.path().join("access.log"),
        folder.path().join("access.log.1"),
    );
    let log = AccessLog::start(Target::File(path.clone()), Format::Text, Counter::detached()).unwrap();
    let lane = log.lane();
    lane.write(&line());
    lane.flush();
    std::fs::rename(&path, &old).unwrap();
    log.reopen().unwrap();
    lane.write(&line());
    lane.write(&line());
    drop(lane);
    assert!(log.stop(PATIENCE));
    assert_eq!((written(&old).len(), written(&path).len()), (1, 2));
}

#[test]
fn a_file_that_cannot_be_opened_is_said_at_start() {
    let target = Target::File("/nowhere/access.log".into());
    assert!(AccessLog::start(target, Format::Json, Counter::detached()).is_err());
}

#[test]
fn a_reader_that_is_gone_costs_lines_only() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let lost = Counter::detached();
    let log = AccessLog::open(
        Sink::to(Box::new(writer)),
        Target::Stdout,
        Dialect::Json,
        lost.clone(),
    )
    .unwrap();
    let lane = log.lane();
    (0..300).for_each(|_| lane.write(&line()));
    assert!(log.stop(PATIENCE));
    assert_eq!(lost.get(), 300);
}
