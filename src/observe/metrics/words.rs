//! Counters by a word of our source. A word that came with a request cannot be counted: the type
//! forbids it.

use std::sync::OnceLock;

use prometheus::IntCounterVec;

use crate::observe::metrics::handles::Counter;

/// The word for those beyond a list's room.
const REST: &str = "other";

/// Counters by a word that stands in our source (`&'static str`: it cannot come from a request), such as
/// a refusal's code. The counter of a word is found by comparing a few pointers; no lock, no hashing.
/// A word beyond the list's room counts as `other`.
#[derive(Debug)]
pub struct Words {
    family: IntCounterVec,
    /// The value of the label before the word, in families of two.
    owner: Option<Box<str>>,
    /// Filled from the front, each once.
    slots: Box<[OnceLock<(&'static str, Counter)>]>,
}

impl Words {
    pub(super) fn new(family: IntCounterVec, owner: Option<&str>, room: usize) -> Self {
        let slots = (0..room).map(|_| OnceLock::new()).collect();
        Self {
            family,
            owner: owner.map(Box::from),
            slots,
        }
    }

    /// One more of this word.
    pub fn count(&self, word: &'static str) {
        self.with(word, Counter::inc);
    }

    /// How many of this word so far.
    pub fn get(&self, word: &'static str) -> u64 {
        self.with(word, Counter::get)
    }

    /// Shows these words with zero before the first is counted, so that an alert on their growth sees it.
    pub fn declare(&self, words: impl IntoIterator<Item = &'static str>) {
        for word in words {
            self.with(word, |_| ());
        }
    }

    fn with<T>(&self, word: &'static str, use_it: impl FnOnce(&Counter) -> T) -> T {
        for slot in &self.slots {
            let (taken_by, counter) = slot.get_or_init(|| (word, self.resolve(word)));
            if std::ptr::eq(*taken_by, word) || *taken_by == word {
                return use_it(counter);
            }
        }
        use_it(&self.resolve(REST))
    }

    fn resolve(&self, word: &'static str) -> Counter {
        Counter(match &self.owner {
            Some(owner) => self.family.with_label_values(&[owner, word]),
            None => self.family.with_label_values(&[word]),
        })
    }
}

/// The series of an owner go with it; those without an owner live as long as the process.
impl Drop for Words {
    fn drop(&mut self) {
        let Some(owner) = &self.owner else { return };
        let words = self
            .slots
            .iter()
            .filter_map(|slot| slot.get().map(|(word, _)| *word));
        for word in words.chain([REST]) {
            // `other` may never have been counted.
            self.family.remove_label_values(&[owner, word]).ok();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use prometheus::Opts;

    use super::*;

    fn words(room: usize) -> Words {
        Words::new(
            IntCounterVec::new(Opts::new("words", "words"), &["word"]).unwrap(),
            None,
            room,
        )
    }

    #[test]
    fn the_same_word_is_the_same_series_wherever_it_stands() {
        let words = words(4);
        let elsewhere: &'static str = String::from("late").leak();
        words.count("late");
        words.count(elsewhere);
        words.count("early");
        assert_eq!((words.get("late"), words.get("early")), (2, 1));
    }

    #[test]
    fn words_beyond_the_room_share_one_series() {
        let words = words(1);
        words.declare(["first"]);
        words.count("second");
        words.count("third");
        assert_eq!((words.get("first"), words.get("fourth")), (0, 2));
    }

    #[test]
    fn many_threads_fill_each_slot_once() {
        let words = words(8);
        std::thread::scope(|scope| {
            for turn in 0..4 {
                let words = &words;
                let order = ["a", "b", "c", "d"];
                scope.spawn(move || (0..4000).for_each(|step| words.count(order[(step + turn) % 4])));
            }
        });
        for word in ["a", "b", "c", "d"] {
            assert_eq!(words.get(word), 4000);
        }
    }
}
