//! Whole files in the language of another program: one message that says so, in place of one for each line.

/// What a file looks like that is no policy at all.
pub(super) struct Foreign {
    /// What it is: `an nginx configuration`.
    pub(super) what: &'static str,
    /// The line, from 0, that shows it.
    pub(super) line: usize,
}

/// Whether a line is of a kind of file.
type Looks = fn(&str) -> bool;

/// How much of a file is looked at.
const LINES: usize = 200;

/// Looks at a file that is not TOML.
pub(super) fn recognise(text: &str) -> Option<Foreign> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .take(LINES)
        .map(|(at, line)| (at, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let (first, start) = lines.first().copied()?;
    let found = |what, line| Some(Foreign { what, line });
    if start.starts_with("-----BEGIN ") {
        return found("a certificate or a key", first);
    }
    if start.starts_with('{')
        && (start.len() == 1 || start.starts_with("{\"") || start.starts_with("{ \""))
        && is_json(text)
    {
        return found("JSON", first);
    }
    if start.starts_with("<?xml") || start.starts_with("<!") || start.starts_with("<html") {
        return found("XML or HTML", first);
    }
    let toml = |line: &str| is_header(line) || line.contains(" = ");
    if lines.iter().any(|(_, line)| toml(line)) {
        return None;
    }
    let first_of = |is: Looks| lines.iter().find(|(_, line)| is(line)).map(|(at, _)| *at);
    let kinds: [(&str, Looks); 5] = [
        ("an Apache configuration", is_apache),
        ("an nginx configuration", is_nginx),
        ("a HAProxy configuration", is_haproxy),
        ("a Caddyfile", is_caddy),
        ("YAML", is_yaml),
    ];
    kinds
        .into_iter()
        .find_map(|(what, is)| first_of(is).map(|line| Foreign { what, line }))
}

/// Beyond a certain length only what it begins with counts.
fn is_json(text: &str) -> bool {
    let inside = text.trim_start().trim_start_matches('{').trim_start();
    inside.starts_with('"') || inside.starts_with('}')
}

/// `[table]` or `[[table]]`.
fn is_header(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']')
}

fn word(line: &str) -> &str {
    line.split([' ', '\t', ';', '{']).next().unwrap_or_default()
}

fn is_apache(line: &str) -> bool {
    ["<VirtualHost", "<Location", "<IfModule", "<Directory", "<Proxy"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// A block of nginx's, or a directive that ends as nginx's do.
fn is_nginx(line: &str) -> bool {
    let blocks = [
        "server", "http", "events", "location", "upstream", "stream", "map",
    ];
    line.ends_with('{') && blocks.contains(&word(line)) || line.ends_with(';') && line.contains([' ', '\t'])
}

fn is_haproxy(line: &str) -> bool {
    let sections = ["frontend", "backend", "listen"];
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    sections.contains(&first) && words.next().is_some() && words.next().is_none() && !line.ends_with(':')
        || line == "defaults"
        || line == "global"
}

/// A site's block, or a directive that only Caddy has.
fn is_caddy(line: &str) -> bool {
    let directives = [
        "reverse_proxy",
        "file_server",
        "encode",
        "handle",
        "handle_path",
        "root",
        "respond",
        "redir",
    ];
    let site = line.strip_suffix('{').map(str::trim).unwrap_or_default();
    let names_a_site = (site.contains('.') || site.starts_with(':') || site.starts_with("localhost"))
        && !site.contains([';', '=', '"']);
    names_a_site
        || line == "{"
        || directives.contains(&word(line)) && !line.contains(['=', ':'])
        || directives.contains(&word(line)) && line.contains(' ') && !line.contains('=')
}

/// `---`, `key:`, `key: value` or `- item`.
fn is_yaml(line: &str) -> bool {
    let key = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        let rest = line.get(name.len()..).unwrap_or_default();
        !name.is_empty() && name.chars().all(plain) && (rest == ":" || rest.starts_with(": "))
    };
    line == "---" || line.starts_with("- ") || key(line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn what(text: &str) -> Option<(&'static str, usize)> {
        recognise(text).map(|foreign| (foreign.what, foreign.line))
    }

    #[test]
    fn files_of_other_programs_are_known() {
        let nginx = "# site\nuser www-data;\nhttp {\n  server {\n    listen 80;\n    location / {\n proxy_pass http://app:8000;\n }\n }\n}\n";
        assert_eq!(what(nginx), Some(("an nginx configuration", 1)));
        assert_eq!(
            what("server {\n    listen 80;\n}\n"),
            Some(("an nginx configuration", 0))
        );
        assert_eq!(
            what("example.com {\n\treverse_proxy app:8000\n}\n"),
            Some(("a Caddyfile", 0))
        );
        assert_eq!(what(":80\n\nreverse_proxy app:8000\n"), Some(("a Caddyfile", 2)));
        assert_eq!(
            what("version: \"3\"\nservices:\n  app:\n    image: x\n"),
            Some(("YAML", 0))
        );
        assert_eq!(what("---\nlisteners:\n- name: a\n"), Some(("YAML", 0)));
        assert_eq!(what("{\n  \"apps\": {}\n}\n"), Some(("JSON", 0)));
        assert_eq!(what("{\"upstreams\": {}}"), Some(("JSON", 0)));
        assert_eq!(
            what("global\n  daemon\nfrontend web\n  bind :80\n"),
            Some(("a HAProxy configuration", 0))
        );
        assert_eq!(
            what("<VirtualHost *:80>\nProxyPass / http://app\n</VirtualHost>"),
            Some(("an Apache configuration", 0))
        );
        assert_eq!(
            what("-----BEGIN CERTIFICATE-----\nMIIB"),
            Some(("a certificate or a key", 0))
        );
    }

    #[test]
    fn a_policy_with_a_slip_is_a_policy() {
        for text in [
            "[gateway]\nenvironment: \"production\"\n",
            "[upstreams.app]\nproxy_pass http://app;\n",
            "drain = 8s\nlisten 80;\n",
            "",
            "= = =",
        ] {
            assert!(recognise(text).is_none(), "{text}");
        }
    }
}
