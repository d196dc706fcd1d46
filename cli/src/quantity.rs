//! Numbers as people write them: sizes with units, durations, rates.

use std::time::Duration;

/// Reads a count of bytes: `1024`, `1_000`, `64MiB`, `1k`, `1.5 GB`. Decimal units count in thousands,
/// those with an `i` in 1024s.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let unit = unit.to_ascii_lowercase();
    let factor: u64 = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => {
            return Err(format!("'{unit}' is no unit of bytes: use k, M, G, KiB, MiB or GiB"));
        }
    };
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(factor).ok_or_else(|| "the number is too large".into());
    }
    let bytes = parse_number(&number)? * factor as f64;
    if bytes.fract() != 0.0 {
        return Err("that is not a whole number of bytes".into());
    }
    // 2^53: up to here a float is exact, and nobody transfers 9 PB.
    if bytes > (1_u64 << 53) as f64 {
        return Err("the number is too large".into());
    }
    Ok(bytes as u64)
}

/// Reads a count: `10`, `1_000`, `1k`.
pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    if text.trim_end().ends_with(['b', 'B', 'i']) {
        return Err("a count has no unit of bytes".into());
    }
    parse_bytes(text)
}

/// Reads a duration that is not zero: `10`, `1.5s`, `500ms`, `2m`. Seconds if there is no unit.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let factor = match &*unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("'{unit}' is no unit of time: use ms, s, m or h")),
    };
    let duration = Duration::try_from_secs_f64(parse_number(&number)? * factor)
        .map_err(|_| "the duration is too long")?;
    if duration.is_zero() {
        return Err("the duration must be longer than nothing".into());
    }
    if duration > DURATION_MAX {
        return Err("the duration must not be longer than a day".into());
    }
    Ok(duration)
}

/// A count of bytes with a unit: `17 B`, `1.5 KiB`, `64 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    scaled(count as f64)
}

/// How fast `count` bytes went in `elapsed`: `105 MiB/s`.
pub(crate) fn rate(count: u64, elapsed: Duration) -> String {
    // Below a microsecond it is the clock that is measured.
    format!("{}/s", scaled(count as f64 / elapsed.as_secs_f64().max(1e-6)))
}

/// A duration in the unit that suits it: `0.41 ms`, `12.3 ms`, `1.50 s`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 0.9995 {
        format!("{} ms", three_digits(seconds * 1e3))
    } else {
        format!("{} s", three_digits(seconds))
    }
}

/// Milliseconds with three decimals, for machines.
pub(crate) fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_micros() as f64 / 1e3
}

/// Seconds with six decimals, for machines.
pub(crate) fn seconds(elapsed: Duration) -> f64 {
    elapsed.as_micros() as f64 / 1e6
}

/// A number without underscores, and its unit without spaces around it.
fn split(text: &str) -> Result<(String, String), String> {
    let text = text.trim();
    let end =
        text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.replace('_', "");
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("this is not a number".into());
    }
    Ok((number, unit.trim().to_owned()))
}

fn parse_number(number: &str) -> Result<f64, String> {
    number.parse().map_err(|_| format!("'{number}' is not a number"))
}

fn scaled(mut number: f64) -> String {
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        // What would be shown as 1024 is 1 of the next unit.
        if number < 1023.5 {
            break;
        }
        number /= 1024.0;
        unit = larger;
    }
    if number.fract() == 0.0 {
        format!("{number} {unit}")
    } else {
        format!("{} {unit}", three_digits(number))
    }
}

fn three_digits(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        ..99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Longer than anybody waits, and short enough that no sum of deadlines overflows.
const DURATION_MAX: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_with_and_without_units() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("1_000", 1_000),
            ("1k", 1_000),
            ("1kB", 1_000),
            ("1KiB", 1_024),
            ("64MiB", 64 << 20),
            ("64 mib", 64 << 20),
            ("1.5GB", 1_500_000_000),
            ("2Gi", 2 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "-1",
            "MiB",
            "1x",
            "1.0001k",
            "1.2.3",
            "1.5",
            ".5k",
            "18446744073709551616",
            "99999999999G",
            "1e3",
        ] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert_eq!(parse_count("1_000"), Ok(1_000));
        assert!(parse_count("1KiB").is_err());
        assert!(parse_count("1b").is_err());
    }

    #[test]
    fn durations_are_read_in_seconds_unless_they_say_otherwise() {
        for (text, milliseconds) in
            [("10", 10_000), ("1.5s", 1_500), ("500ms", 500), ("2m", 120_000), ("0.25", 250)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "0", "-1", "1d", "25h", "1.2.3", "99999999999999999999999"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_shown_with_three_digits_and_a_unit() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_024), "1 KiB");
        assert_eq!(bytes(1_536), "1.50 KiB");
        assert_eq!(bytes(1_048_575), "1.00 MiB");
        assert_eq!(bytes(64 << 20), "64 MiB");
        assert_eq!(bytes(u64::MAX), "16777216 TiB");
        assert_eq!(rate(64 << 20, Duration::from_millis(610)), "105 MiB/s");
        assert_eq!(rate(0, Duration::ZERO), "0 B/s");
        assert_eq!(duration(Duration::from_micros(412)), "0.41 ms");
        assert_eq!(duration(Duration::from_micros(12_345)), "12.3 ms");
        assert_eq!(duration(Duration::from_micros(999_900)), "1.00 s");
        assert_eq!(duration(Duration::from_millis(123_456)), "123 s");
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.234);
    }
}
