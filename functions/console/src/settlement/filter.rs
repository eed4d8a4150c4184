//! Filters that are links: each choice is an address, and says how many lines it would show.

use form_urlencoded::Serializer;

use crate::list::Choice;
use crate::visit::Fields;

/// Longer words are nobody's.
const WORD_CHARS_MAX: usize = 64;

/// What an address asks for: a list, and a word for some of its filters.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    base: &'static str,
    words: Vec<(&'static str, Option<String>)>,
}

/// One filter as a page shows it.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// A line of a list, as its filters see it.
pub(super) trait Filtered {
    /// Its word for the filter of this name.
    fn word(&self, filter: &str) -> String;
}

impl Wanted {
    /// Reads an address of the list `base` with these filters.
    pub(super) fn read(
        base: &'static str,
        filters: impl IntoIterator<Item = &'static str>,
        query: &Fields,
    ) -> Self {
        let word = |name: &str| {
            let word = query.get(name)?;
            let usual = !word.is_empty() && word.chars().count() <= WORD_CHARS_MAX;
            usual.then(|| word.clone())
        };
        let words = filters.into_iter().map(|name| (name, word(name)));
        Self {
            base,
            words: words.collect(),
        }
    }

    /// What is asked of one filter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut words = self.words.iter();
        words.find(|(own, _)| *own == name)?.1.as_deref()
    }

    /// The address with these filters, of the list or of a file made of it.
    pub(super) fn address(&self, file: &str) -> String {
        let mut query = Serializer::new(String::new());
        for (name, word) in &self.words {
            if let Some(word) = word {
                query.append_pair(name, word);
            }
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{file}{mark}{query}", self.base)
    }

    /// The same with another word for one filter.
    pub(super) fn with(&self, name: &str, word: Option<String>) -> Self {
        let words = self.words.iter().map(|(own, old)| {
            let word = if *own == name {
                word.clone()
            } else {
                old.clone()
            };
            (*own, word)
        });
        Self {
            base: self.base,
            words: words.collect(),
        }
    }

    /// Whether a line is asked for. What is no filter of the list, such as how far back it reaches, has no
    /// word for any line.
    pub(super) fn takes(&self, line: &impl Filtered) -> bool {
        self.words.iter().all(|(name, wanted)| {
            let has = line.word(name);
            wanted
                .as_ref()
                .is_none_or(|wanted| has.is_empty() || *wanted == has)
        })
    }

    /// One filter: everything, and each word that there is.
    pub(super) fn filter(
        &self,
        name: &'static str,
        title: &'static str,
        lines: &[impl Filtered],
        said: impl Fn(&str) -> String,
    ) -> Filter {
        let open = self.with(name, None);
        let fitting: Vec<_> = lines.iter().filter(|line| open.takes(*line)).collect();
        let mut words: Vec<_> = fitting.iter().map(|line| line.word(name)).collect();
        words.sort_unstable();
        words.dedup();
        let chosen = self.get(name);
        let all = Choice {
            word: said(""),
            href: open.address(""),
            count: fitting.len(),
            chosen: chosen.is_none(),
        };
        let each = words.into_iter().map(|word| Choice {
            count: fitting
                .iter()
                .filter(|line| line.word(name) == word)
                .count(),
            href: self.with(name, Some(word.clone())).address(""),
            chosen: chosen == Some(word.as_str()),
            word: said(&word),
        });
        Filter {
            name: title,
            choices: std::iter::once(all).chain(each).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Line(&'static str, &'static str);

    impl Filtered for Line {
        fn word(&self, filter: &str) -> String {
            match filter {
                "class" => self.0.to_owned(),
                "account" => self.1.to_owned(),
                _ => String::new(),
            }
        }
    }

    #[test]
    fn a_choice_counts_what_the_other_filters_leave_and_leads_there() {
        let lines = [Line("a", "x&y"), Line("b", "x&y"), Line("b", "z")];
        let query = Fields::from([
            ("account".to_owned(), "x&y".to_owned()),
            ("days".to_owned(), "7".to_owned()),
        ]);
        let wanted = Wanted::read("/console/findings", ["class", "account", "days"], &query);
        assert_eq!(lines.iter().filter(|line| wanted.takes(*line)).count(), 2);
        let filter = wanted.filter("class", "Class", &lines, str::to_owned);
        let shown: Vec<_> = filter
            .choices
            .iter()
            .map(|choice| (choice.word.as_str(), choice.count, choice.chosen))
            .collect();
        assert_eq!(shown, [("", 2, true), ("a", 1, false), ("b", 1, false)]);
        assert_eq!(
            filter.choices[1].href,
            "/console/findings?class=a&account=x%26y&days=7"
        );
        assert_eq!(
            wanted.with("account", None).address("/csv"),
            "/console/findings/csv?days=7"
        );
    }
}
