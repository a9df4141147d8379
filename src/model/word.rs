//! Words of a closed set, as files, flags and tables of figures spell them.

/// A member of a closed set of words.
pub(crate) trait Word: Copy + Eq + Ord + 'static {
    /// All of them, in their order.
    const WORDS: &'static [Self];

    /// As files, flags and tables of figures spell it.
    fn name(self) -> &'static str;

    /// The word that is spelt so.
    fn named(name: &str) -> Option<Self> {
        Self::WORDS.iter().copied().find(|word| word.name() == name)
    }
}

/// An enum whose variants are words, each with its spelling.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$about:meta])* $variant:ident = $spelling:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            $vis const ALL: [Self; [$($spelling),+].len()] = [$(Self::$variant),+];

            /// As files, flags and tables of figures spell it.
            $vis fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $spelling,)+
                }
            }
        }

        impl $crate::model::word::Word for $name {
            const WORDS: &'static [Self] = &Self::ALL;

            fn name(self) -> &'static str {
                Self::name(self)
            }
        }
    };
}

pub(super) use words;

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// Two words.
        pub(crate) enum Answer {
            /// The first.
            Yes = "yes",
            /// The last.
            NotYet = "not-yet",
        }
    }

    #[test]
    fn a_word_is_found_by_its_spelling() {
        assert_eq!(
            Answer::ALL.map(|word| Answer::named(word.name())),
            [Some(Answer::Yes), Some(Answer::NotYet)]
        );
        assert_eq!(Answer::named("Yes"), None);
    }
}
