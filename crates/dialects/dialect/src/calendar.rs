//! The proleptic Gregorian calendar for any day that a 64-bit count reaches, far beyond the years
//! that date libraries keep.

/// The months in English.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days of the week in English, Monday first.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The astronomical year: 0 is the year before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Day {
    /// The day that lies `days` after 1970-01-01.
    #[must_use]
    pub const fn of(days: i64) -> Self {
        // Years that begin in March have the leap day at their end; eras of 400 years are equal.
        let from_march = days.saturating_add(719_468);
        let era = from_march.div_euclid(146_097);
        let of_era = from_march.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + (month <= 2) as i64;
        Self { year, month, day }
    }

    /// Days since 1970-01-01; the day must exist and the year be below 10^15.
    #[must_use]
    pub const fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Whether month and day exist in that year.
    #[must_use]
    pub const fn exists(self) -> bool {
        let leap = self.year.rem_euclid(4) == 0 && (self.year.rem_euclid(100) != 0 || self.year.rem_euclid(400) == 0);
        let days_in_month = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + leap as i64,
            _ => return false,
        };
        1 <= self.day && self.day <= days_in_month
    }

    /// 1 for the first of January.
    #[must_use]
    pub const fn of_year(self) -> i64 {
        self.days() - Self { year: self.year, month: 1, day: 1 }.days() + 1
    }
}

/// The day of the week, 1 for Monday to 7 for Sunday.
#[must_use]
pub const fn iso_weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// Year and week of ISO 8601: the week belongs to the year of its Thursday.
#[must_use]
pub const fn iso_week(days: i64) -> (i64, i64) {
    let thursday = Day::of(days - iso_weekday(days) + 4);
    (thursday.year, (thursday.of_year() - 1) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::{Day, iso_week, iso_weekday};

    #[test]
    fn agrees_with_a_date_library() {
        let mut date = jiff::civil::date(-9999, 1, 1);
        let epoch = jiff::civil::date(1970, 1, 1);
        while date.year() < 9990 {
            let days = i64::from(date.since(epoch).unwrap().get_days());
            let day = Day { year: date.year().into(), month: date.month().into(), day: date.day().into() };
            assert_eq!((Day::of(days), day.days(), day.exists()), (day, days, true), "{date}");
            assert_eq!(day.of_year(), i64::from(date.day_of_year()), "{date}");
            assert_eq!(iso_weekday(days), i64::from(date.weekday().to_monday_one_offset()), "{date}");
            let week = date.iso_week_date();
            assert_eq!(iso_week(days), (i64::from(week.year()), i64::from(week.week())), "{date}");
            date = date.checked_add(jiff::Span::new().days(97)).unwrap();
        }
    }

    #[test]
    fn days_far_away_come_back() {
        for days in [-106_751_991_168, -106_751_991, 106_751_991, 106_751_991_167, i64::MAX / 86_400] {
            assert_eq!(Day::of(days).days(), days);
        }
        assert_eq!(Day::of(106_751_991_167), Day { year: 292_278_994, month: 8, day: 17 });
        assert!(!Day { year: 2023, month: 2, day: 29 }.exists());
    }
}
