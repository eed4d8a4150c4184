//! The banks a buyer can be led to straight away, as UnionPay names them (发卡机构代码, `issInsCode`).

/// A bank whose online banking (网银) can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bank {
    /// UnionPay's code for it.
    pub code: &'static str,
    /// What a Chinese reader calls it.
    pub chinese: &'static str,
    /// What an English reader calls it.
    pub english: &'static str,
}

/// Those that a cashier offers by name, the most used first. Any other is chosen on UnionPay's own page.
pub const BANKS: [Bank; 4] = [
    Bank {
        code: "CMB",
        chinese: "招商银行",
        english: "China Merchants Bank",
    },
    Bank {
        code: "ICBC",
        chinese: "工商银行",
        english: "Industrial and Commercial Bank of China",
    },
    Bank {
        code: "ABC",
        chinese: "农业银行",
        english: "Agricultural Bank of China",
    },
    Bank {
        code: "CCB",
        chinese: "建设银行",
        english: "China Construction Bank",
    },
];
