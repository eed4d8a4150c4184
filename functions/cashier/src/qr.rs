//! A QR code (二维码) as SVG, drawn here: what it encodes is worth money and is told to nobody else.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// How wide it is drawn at least, in pixels; the style sheet fits it to the screen.
const WIDTH: u32 = 240;

/// The picture; `None` for what is too long to be encoded.
pub(crate) fn draw(content: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(WIDTH, WIDTH)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    // Within a page there is no XML declaration.
    let (_, picture) = picture.split_once("?>")?;
    Some(picture.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_drawing_without_a_word_of_what_it_encodes() {
        let drawn = draw("weixin://wxpay/bizpayurl?pr=<script>").unwrap();
        assert!(
            drawn.starts_with("<svg ") && drawn.ends_with("</svg>"),
            "{drawn}"
        );
        assert!(!drawn.contains("script") && !drawn.contains("weixin"));
        assert!(
            !drawn.contains("style"),
            "the policy allows no style in the page"
        );
        assert_ne!(draw("a"), draw("b"));
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}
