//! Stack traces by language, and files with lines.

use super::Kind::{Path, Trace};
use super::{Signature, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Signature] = &[
    row("python", Trace, r#"Traceback \(most recent call last\)|\bFile "[^"\n]+", line \d"#),
    row("rust", Trace, r"\bthread '[^'\n]*' (?:\(\d+\) )?panicked at |\bstack backtrace:\n"),
    row("node", Trace, r#"[\s"]at (?:async )?(?:[^\s()":]+ (?:\[as \w+\] )?)?\(?(?:file:///|node:|webpack|/|[A-Za-z]:\\)[^\s()"]*:\d+:\d+"#),
    row("java", Trace, r"\bat [\w.$/<>@]+\((?:[\w$.]+\.(?:java|kt|scala|groovy|clj):\d+|Native Method|Unknown Source)\)"),
    row("java", Trace, r#"Exception in thread ""#),
    row("java", Trace, r"\b(?:javax?|jakarta|kotlin|scala|org\.(?:springframework|apache|hibernate|eclipse|jboss)|com\.(?:fasterxml|zaxxer|google|sun))\.[\w.$]+(?:Exception|Error)\b"),
    row("dotnet", Trace, r"\n {2,}at \w+(?:\.[\w`<>|+\[\],]+)+\([^\n)]*\)"),
    row("dotnet", Trace, r#" in (?:/|[A-Za-z]:\\)[^\n":]+:line \d|\bSystem\.(?:\w+\.)*\w+Exception: "#),
    row("go", Trace, r"\bgoroutine \d+ \[[\w ,]+\]:|\bpanic: runtime error: |\.go:\d+ \+0x[0-9a-f]"),
    row("php", Trace, r"\.(?:php|phtml|inc)\S* on line \d|#\d+ (?:/|[A-Za-z]:\\)[^\n(]+\(\d+\): |#\d+ \{main\}"),
    row("ruby", Trace, r"\.(?:rb|erb|ru|rake|haml|slim):\d+:in ['`]"),
    row("elixir", Trace, r"\(\w+ [\d.]+\) [\w/.-]+\.exs?:\d+: "),
    row("perl", Trace, r" at \S+\.(?:pl|pm|cgi|t) line \d+\."),
    row("path", Path, r#"(?:^|[\s"'(\[<>=,`|])(?:file://)?/(?:[\w.@+~-]+/)+[\w.@+~\[\]-]+\.(?:py|rb|erb|php|jsx?|mjs|cjs|tsx?|vue|svelte|go|rs|java|kt|scala|cs|vb|fs|exs?|erl|pl|pm|lua|c|cc|cpp|hpp?|swift|dart)(?::\d|, line \d|\(\d+[,)]| on line \d| line \d|:line \d)"#),
    row("path", Path, r#"\b[A-Za-z]:\\(?:[^\\\n:"<>|]+\\)+[^\\\n:"<>|]+\.\w+(?::\d|:line \d|, line \d|\(\d+[,)]| on line \d)"#),
];
