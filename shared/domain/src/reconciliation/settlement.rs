//! When an account's day is closed (日终): only once nothing in it is unexplained.

/// How far an account's day has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayState {
    /// Its bill is not compared yet.
    Waiting,
    /// Compared, and people have to see to what differs.
    Open,
    /// What differs is settled; what was carried over waits for the next day's bill.
    Carried,
    /// Every line and every row is explained (已结账).
    Closed,
}

impl DayState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Open, Self::Carried, Self::Closed];

    /// As views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Carried => "carried",
            Self::Closed => "closed",
        }
    }
}

/// What is known of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayProgress {
    /// Whether its bill was compared with the ledger.
    pub is_compared: bool,
    /// How many discrepancies nobody has settled.
    pub open: u64,
    /// How many lines and rows it handed to the next day.
    pub carried: u64,
    /// Whether the next day's bill was compared: what it was handed is matched then, handed on, or a
    /// discrepancy of its own.
    pub is_next_compared: bool,
}

impl DayProgress {
    /// The state that follows.
    #[must_use]
    pub const fn state(self) -> DayState {
        if !self.is_compared {
            DayState::Waiting
        } else if self.open > 0 {
            DayState::Open
        } else if self.carried > 0 && !self.is_next_compared {
            DayState::Carried
        } else {
            DayState::Closed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F82: a day is closed when its bill is there and nothing in it is unexplained, and never before.
    #[test]
    fn f82_a_day_is_closed_only_when_nothing_is_unexplained() {
        for is_compared in [false, true] {
            for open in [0, 1] {
                for carried in [0, 1] {
                    for is_next_compared in [false, true] {
                        let progress = DayProgress {
                            is_compared,
                            open,
                            carried,
                            is_next_compared,
                        };
                        let explained = open == 0 && (carried == 0 || is_next_compared);
                        let is_closed = progress.state() == DayState::Closed;
                        assert_eq!(is_closed, is_compared && explained, "{progress:?}");
                    }
                }
            }
        }
        let carried = DayProgress {
            is_compared: true,
            open: 0,
            carried: 2,
            is_next_compared: false,
        };
        assert_eq!(carried.state(), DayState::Carried);
        assert_eq!(DayProgress { open: 1, ..carried }.state(), DayState::Open);
    }
}
