//! One scrape of the metrics, read the way Prometheus reads them.

use std::collections::BTreeMap;

/// Series and their values.
pub struct Metrics {
    series: Vec<Series>,
}

struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    pub fn parse(text: &str) -> Self {
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            series: samples.map(Series::parse).collect(),
        }
    }

    /// The sum over all series of this name that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.matching(name, labels).map(|series| series.value).sum()
    }

    /// As [`sum`](Self::sum), of a counter or a gauge in whole numbers.
    #[allow(clippy::cast_possible_truncation, reason = "counters of a test are small")]
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.sum(name, labels).round() as i64
    }

    /// Whether there is a series of this name with these labels.
    pub fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.matching(name, labels).next().is_some()
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn names(&self) -> Vec<&str> {
        self.series.iter().map(|series| series.name.as_str()).collect()
    }

    /// The names of the labels of a metric, sorted; every series of it must have the same.
    #[track_caller]
    pub fn labels(&self, name: &str) -> Vec<&str> {
        let mut sets: Vec<Vec<&str>> = self
            .matching(name, &[])
            .map(|series| series.labels.keys().map(String::as_str).collect())
            .collect();
        sets.dedup();
        assert_eq!(sets.len(), 1, "`{name}` should have one set of labels: {sets:?}");
        sets.remove(0)
    }

    fn matching(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(move |series| {
            series.name == name
                && labels
                    .iter()
                    .all(|(key, value)| series.labels.get(*key).is_some_and(|v| v == value))
        })
    }
}

impl Series {
    fn parse(line: &str) -> Self {
        let (key, value) = line
            .rsplit_once(' ')
            .unwrap_or_else(|| panic!("no sample: `{line}`"));
        let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
        let labels = labels
            .trim_end_matches('}')
            .split("\",")
            .filter(|label| !label.is_empty())
            .map(|label| {
                let (key, value) = label
                    .split_once("=\"")
                    .unwrap_or_else(|| panic!("no label: `{line}`"));
                (key.to_owned(), value.trim_end_matches('"').to_owned())
            });
        let value = value.parse().unwrap_or_else(|_| panic!("no number: `{line}`"));
        Self {
            name: name.to_owned(),
            labels: labels.collect(),
            value,
        }
    }
}
