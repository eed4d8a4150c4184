//! The summary of the settlement file (RD): a table for people, in GBK, with CRLF.

use encoding_rs::GBK;

use crate::{bills::BillLine, clock::Day, money::yuan};

const RULE_WIDTH: usize = 136;

/// Counts and sums of one kind of transaction, in fen.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: usize,
    /// Taken from the merchant.
    debit: i64,
    /// Given to it.
    credit: i64,
    fee_debit: i64,
    fee_credit: i64,
}

impl Sum {
    fn of<'a>(lines: impl Iterator<Item = &'a BillLine>) -> Self {
        let mut sum = Self::default();
        for line in lines {
            sum.count += 1;
            match line.refund {
                None => {
                    sum.credit += line.amount;
                    sum.fee_debit += line.fee;
                }
                Some(_) => {
                    sum.debit += line.amount;
                    sum.fee_credit += line.fee;
                }
            }
        }
        sum
    }

    fn row(self, name: &str) -> String {
        let net = self.credit - self.debit - self.fee_debit + self.fee_credit;
        let amounts = [
            self.debit,
            self.credit,
            self.fee_debit,
            self.fee_credit,
            (-net).max(0),
            net.max(0),
        ];
        let mut row = left(name, 16) + &right(&self.count.to_string(), 12);
        for amount in amounts {
            row.push_str(&right(&yuan(amount), 16));
        }
        row
    }
}

/// The whole summary.
pub(crate) fn write(lines: &[BillLine], mer_id: &str, merchant: &str, day: Day) -> Vec<u8> {
    let rule = "_".repeat(RULE_WIDTH);
    let all = Sum::of(lines.iter());
    let payments = Sum::of(lines.iter().filter(|line| line.refund.is_none()));
    let refunds = Sum::of(lines.iter().filter(|line| line.refund.is_some()));
    let nothing = Sum::default();
    let mut text = vec![
        format!("{}中国银联全渠道商户交易汇总表", " ".repeat(73)),
        String::new(),
        left(&format!("商户代码:{mer_id}"), 64) + "清算币种:人民币",
        left("收单机构:88022900", 64) + &format!("清算日期:{}", day.compact()),
        left(&format!("商户名称:{merchant}"), 64) + &format!("生成日期:{}", day.next().compact()),
        String::new(),
        String::new(),
    ];
    let tables = [
        ("交易类型", vec![("自助消费", payments), ("退货", refunds)]),
        (
            "卡性质",
            vec![
                ("借记卡", all),
                ("贷记卡", nothing),
                ("准贷记卡", nothing),
                ("其他卡", nothing),
            ],
        ),
    ];
    for (title, rows) in tables {
        let heads = ["交易金额", "费用", "资金清算差额"];
        let heads: String = heads.iter().map(|head| right(head, 32)).collect();
        text.push(left(title, 16) + &right("交易笔数", 12) + &heads);
        let sides: String = ["借", "贷"]
            .repeat(3)
            .iter()
            .map(|side| right(side, 16))
            .collect();
        text.push(" ".repeat(28) + &sides);
        text.push(rule.clone());
        let shown = rows
            .into_iter()
            .filter(|(name, sum)| *name != "退货" || sum.count > 0);
        text.extend(shown.map(|(name, sum)| sum.row(name)));
        text.push(rule.clone());
        text.push(all.row("总计"));
        text.push(String::new());
    }
    let text = text.join("\r\n");
    let (encoded, _, _) = GBK.encode(&text);
    encoded.into_owned()
}

/// As wide as the text stands in GBK, where a Chinese character takes two bytes.
fn width(text: &str) -> usize {
    text.chars()
        .map(|one| if one.is_ascii() { 1 } else { 2 })
        .sum()
}

fn left(text: &str, wanted: usize) -> String {
    format!("{text}{}", " ".repeat(wanted.saturating_sub(width(text))))
}

fn right(text: &str, wanted: usize) -> String {
    format!("{}{text}", " ".repeat(wanted.saturating_sub(width(text))))
}
