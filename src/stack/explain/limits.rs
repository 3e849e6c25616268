//! The named limits of a route, and what a request is counted under in each.

use crate::layers::Describe;
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::Limit;
use crate::stack::passage::Passage;

pub(super) fn told(sheet: &Sheet<'_>, plan: &Passage) -> Vec<Limit> {
    let limits = sheet.route.limits.iter().map(|guard| {
        let name = guard.name.strip_prefix("limits.").unwrap_or(&guard.name);
        let table = sheet.policy.limits.get(name);
        let (key, key_value) = guard.rule.counted_under(&plan.exchange);
        let rate = table.map(|table| match table.burst {
            Some(burst) => format!("{} with a burst of {burst}", table.rate),
            None => table.rate.to_string(),
        });
        let keys = table.map(|table| table.key.iter().map(ToString::to_string).collect());
        let mut sources = sheet.setting(&["limits"]);
        sources.extend(sheet.elsewhere(&["limits", name]));
        Limit {
            name: name.to_owned(),
            rate: sheet.shown(&rate.unwrap_or_default()),
            value: guard.rule.describe(),
            keys: keys.unwrap_or_default(),
            key,
            key_value,
            shadow: guard.shadow.is_some(),
            sources,
        }
    });
    limits.collect()
}
