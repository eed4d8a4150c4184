//! Pictures (图表): bars over hours, drawn here as SVG of whole numbers and our own words only.

use std::fmt::Write;

const WIDTH: u64 = 640;
const HEIGHT: u64 = 140;
const FLOOR: u64 = 118;
const ROOM: u64 = 100;

/// One bar: what stands below it, and how high it is; `None`: nothing is known.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: Option<u64>,
}

/// A picture with its sum in words, for whoever does not see it.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) said: String,
    pub(crate) svg: String,
}

/// Draws bars. `top` is the height of the scale; none: that of the highest bar.
pub(crate) fn draw(title: &'static str, said: String, bars: &[Bar], top: Option<u64>) -> Chart {
    let highest = bars.iter().filter_map(|bar| bar.value).max().unwrap_or(0);
    let top = top.unwrap_or(highest).max(1);
    let count = u64::try_from(bars.len()).unwrap_or(1).max(1);
    let step = WIDTH / count;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\" focusable=\"false\">\
         <line class=\"floor\" x1=\"0\" y1=\"{FLOOR}\" x2=\"{WIDTH}\" y2=\"{FLOOR}\"/>"
    );
    for (at, bar) in (0..).zip(bars) {
        let x = at * step + 2;
        let width = step.saturating_sub(4).max(1);
        let (class, height) = match bar.value {
            Some(value) => ("bar", scaled(value, top)),
            None => ("gap", 1),
        };
        let y = FLOOR - height;
        // Writing to a text does not fail.
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        );
        if at % 4 == 0 {
            let middle = x + width / 2;
            let label: String = bar.label.chars().filter(char::is_ascii_digit).collect();
            let _ = write!(svg, "<text x=\"{middle}\" y=\"{HEIGHT}\">{label}</text>");
        }
    }
    svg.push_str("</svg>");
    Chart { title, said, svg }
}

/// Whatever is not nothing can be seen.
fn scaled(value: u64, top: u64) -> u64 {
    let height = value.min(top).saturating_mul(ROOM) / top;
    if value > 0 { height.max(2) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: Option<u64>) -> Bar {
        Bar {
            label: "<7>".to_owned(),
            value,
        }
    }

    #[test]
    fn bars_are_as_high_as_they_count_and_no_text_gets_in() {
        let bars = [
            bar(Some(10)),
            bar(Some(5)),
            bar(Some(0)),
            bar(None),
            bar(Some(1)),
        ];
        let drawn = draw("title", "said".to_owned(), &bars, Some(1_000)).svg;
        assert!(
            !drawn.contains("<7>") && drawn.contains(">7</text>"),
            "{drawn}"
        );
        let drawn = draw("title", "said".to_owned(), &bars, None).svg;
        for height in [
            "height=\"100\"",
            "height=\"50\"",
            "height=\"0\"",
            "height=\"10\"",
        ] {
            assert!(drawn.contains(height), "{height}: {drawn}");
        }
        assert!(drawn.contains("class=\"gap\""), "{drawn}");
        assert_eq!(scaled(1, 1_000_000), 2);
        assert_eq!(
            scaled(u64::MAX, u64::MAX),
            1.max(scaled(u64::MAX, u64::MAX))
        );
    }
}
