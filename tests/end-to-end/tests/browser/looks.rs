//! How a page is looked at: in which language, and on what screen.

use end_to_end::Way;

/// The width of the phone, in pixels of the page.
pub(crate) const PHONE_WIDTH: u64 = 390;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// A telephone's, with a browser that says so.
    Phone,
    /// A desk's.
    Wide,
}

/// A language on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// What the browser says it accepts.
    pub(crate) language: &'static str,
    pub(crate) screen: Screen,
}

pub(crate) const CHINESE_PHONE: Look = Look::of("zh-CN", Screen::Phone);
pub(crate) const CHINESE_WIDE: Look = Look::of("zh-CN", Screen::Wide);
pub(crate) const ENGLISH_PHONE: Look = Look::of("en", Screen::Phone);
pub(crate) const ENGLISH_WIDE: Look = Look::of("en", Screen::Wide);

impl Look {
    const fn of(language: &'static str, screen: Screen) -> Self {
        Self { language, screen }
    }

    /// For the names of pictures.
    pub(crate) fn name(self) -> String {
        let screen = match self.screen {
            Screen::Phone => "phone",
            Screen::Wide => "wide",
        };
        format!("{}-{screen}", self.say("zh", "en"))
    }

    /// What a page says in its language.
    pub(crate) fn say<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        if self.language == "en" {
            english
        } else {
            chinese
        }
    }

    /// Alipay's page for this screen.
    pub(crate) const fn alipay(self) -> Way {
        match self.screen {
            Screen::Phone => Way::ALIPAY_WAP,
            Screen::Wide => Way::ALIPAY_PAGE,
        }
    }
}
