//! What stands in a bill: two tables in GBK, in a ZIP whose entries are named in GBK too.
//!
//! The detail of a trade bill has the shape of a published one, tabs included. The other tables follow
//! the same frame. A line that did not succeed is in none of them, so a discrepancy of state shows as
//! a line that is missing, or as one too many.

use std::io::{Cursor, Write};

use encoding_rs::GBK;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::bill::BillType;
use crate::{
    bills::BillLine,
    books::RefundState,
    clock::{Day, Moment},
    money::yuan,
};

/// Alipay numbers the account itself with four more digits than its owner.
const ACCOUNT_SUFFIX: &str = "0156";
const BUYER: &str = "*家(159****5620)";

const TRADE_COLUMNS: [&str; 25] = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
];

const TRADE_TOTAL_COLUMNS: [&str; 12] = [
    "门店编号",
    "门店名称",
    "交易订单总笔数",
    "退款订单总笔数",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "卡消费金额（元）",
    "服务费（元）",
    "分润（元）",
    "实收净额（元）",
];

const FLOW_COLUMNS: [&str; 12] = [
    "账务流水号",
    "业务流水号",
    "商户订单号",
    "商品名称",
    "发生时间",
    "对方账号",
    "收入金额（+元）",
    "支出金额（-元）",
    "账户余额（元）",
    "交易渠道",
    "业务类型",
    "备注",
];

const FLOW_TOTAL_COLUMNS: [&str; 5] = [
    "业务类型",
    "收入笔数",
    "收入金额（+元）",
    "支出笔数",
    "支出金额（-元）",
];

/// Whether a bill shows this line: only money that moved.
pub(crate) fn has(line: &BillLine) -> bool {
    match line.state {
        RefundState::Succeeded => true,
        RefundState::Processing | RefundState::Failed | RefundState::Abnormal => false,
    }
}

/// One account's day.
pub(crate) struct Statement<'a> {
    pub(crate) seller_id: &'a str,
    pub(crate) day: Day,
    pub(crate) written_at: Moment,
    pub(crate) lines: &'a [BillLine],
}

impl Statement<'_> {
    /// The name of the ZIP, and its bytes.
    pub(crate) fn write(&self, bill_type: BillType) -> (String, Vec<u8>) {
        let (title, detail, total) = match bill_type {
            BillType::Trade => ("业务", self.trades(), self.trade_totals()),
            BillType::SignCustomer => ("账务", self.flow(), self.flow_totals()),
        };
        let stem = format!("{}_{}", self.account(), self.day.compact());
        let zip = pack(&[
            (format!("{stem}_{title}明细.csv"), detail),
            (format!("{stem}_{title}明细(汇总).csv"), total),
        ]);
        (format!("{stem}.csv.zip"), zip)
    }

    fn account(&self) -> String {
        format!("{}{ACCOUNT_SUFFIX}", self.seller_id)
    }

    fn trades(&self) -> String {
        let rows: Vec<_> = self.lines.iter().map(trade_row).collect();
        let (paid, refunded) = (Sum::of(self.payments()), Sum::of(self.refunds()));
        let totals = format!(
            "#交易合计：{}笔，商家实收共{}元，商家优惠共0.00元\n\
             #退款合计：{}笔，商家实收退款共{}元，商家优惠退款共0.00元\n",
            paid.count,
            yuan(paid.amount),
            refunded.count,
            yuan(-refunded.amount),
        );
        self.frame(
            "业务明细查询",
            "业务明细列表",
            &table(&TRADE_COLUMNS, &rows),
            &totals,
        )
    }

    fn trade_totals(&self) -> String {
        let (paid, refunded) = (Sum::of(self.payments()), Sum::of(self.refunds()));
        let amount = yuan(paid.amount - refunded.amount);
        let fee = refunded.fee - paid.fee;
        let net = yuan(paid.amount - refunded.amount + fee);
        let row = [
            "合计\t",
            "\t",
            &paid.count.to_string(),
            &refunded.count.to_string(),
            &amount,
            &amount,
            "0.00",
            "0.00",
            "0.00",
            &yuan(fee),
            "0.00",
            &net,
        ]
        .map(str::to_owned);
        let rows = table(&TRADE_TOTAL_COLUMNS, &[row.to_vec()]);
        self.frame("业务汇总查询", "业务汇总列表", &rows, "")
    }

    fn flow(&self) -> String {
        let mut rows = Vec::new();
        let mut balance = 0;
        for (number, movement) in (1_u64..).zip(self.movements()) {
            balance += movement.amount;
            let (came, went) = movement.columns();
            let line = movement.line;
            rows.push(vec![
                format!("{}{number:012}\t", self.day.compact()),
                format!("{}\t", line.order.trade_no),
                format!("{}\t", line.order.channel_order_no),
                line.order.subject.clone(),
                line.at.beijing(),
                BUYER.to_owned(),
                came,
                went,
                yuan(balance),
                "支付宝\t".to_owned(),
                movement.kind.to_owned(),
                line.refund
                    .as_ref()
                    .map_or_else(String::new, |refund| refund.refund_no.clone()),
            ]);
        }
        let [came, went] = self.in_and_out();
        let totals = format!(
            "#支出合计：{}笔，共{}元\n#收入合计：{}笔，共{}元\n",
            went.count,
            yuan(-went.amount),
            came.count,
            yuan(came.amount),
        );
        self.frame(
            "账务明细查询",
            "账务明细列表",
            &table(&FLOW_COLUMNS, &rows),
            &totals,
        )
    }

    fn flow_totals(&self) -> String {
        let [came, went] = self.in_and_out();
        let row = [
            "合计\t",
            &came.count.to_string(),
            &yuan(came.amount),
            &went.count.to_string(),
            &yuan(-went.amount),
        ]
        .map(str::to_owned);
        let rows = table(&FLOW_TOTAL_COLUMNS, &[row.to_vec()]);
        self.frame("账务汇总查询", "账务汇总列表", &rows, "")
    }

    /// The lines in `#` around a table.
    fn frame(&self, title: &str, list: &str, table: &str, totals: &str) -> String {
        let (left, right) = ("-".repeat(41), "-".repeat(40));
        let (from, until) = (self.day.start(), self.day.next().start());
        format!(
            "#支付宝{title}\n\
             #账号：[{}]\n\
             #起始日期：[{}]   终止日期：[{}]\n\
             #{left}{list}{right}\n\
             {table}\
             #{left}{list}结束{}\n\
             {totals}\
             #导出时间：[{}]\n",
            self.account(),
            chinese(from),
            chinese(until),
            "-".repeat(36),
            chinese(self.written_at),
        )
    }

    fn payments(&self) -> impl Iterator<Item = &BillLine> {
        self.lines.iter().filter(|line| line.refund.is_none())
    }

    fn refunds(&self) -> impl Iterator<Item = &BillLine> {
        self.lines.iter().filter(|line| line.refund.is_some())
    }

    /// Every line moves the balance, and so does its fee.
    fn movements(&self) -> impl Iterator<Item = Movement<'_>> {
        self.lines.iter().flat_map(|line| {
            let (kind, amount, fee) = match line.refund {
                None => ("在线支付", line.amount, -line.fee),
                Some(_) => ("交易退款", -line.amount, line.fee),
            };
            let of = |kind, amount| Movement { line, kind, amount };
            let both = [of(kind, amount), of("收费", fee)];
            both.into_iter().filter(|movement| movement.amount != 0)
        })
    }

    fn in_and_out(&self) -> [Sum; 2] {
        let (mut came, mut went) = (Sum::default(), Sum::default());
        for movement in self.movements() {
            let (sum, amount) = if movement.amount < 0 {
                (&mut went, -movement.amount)
            } else {
                (&mut came, movement.amount)
            };
            sum.count += 1;
            sum.amount += amount;
        }
        [came, went]
    }
}

/// One change of the balance, negative when money left.
struct Movement<'a> {
    line: &'a BillLine,
    kind: &'static str,
    amount: i64,
}

impl Movement<'_> {
    /// What stands under income and under expense.
    fn columns(&self) -> (String, String) {
        if self.amount < 0 {
            (String::new(), yuan(self.amount))
        } else {
            (yuan(self.amount), String::new())
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    amount: i64,
    fee: i64,
}

impl Sum {
    fn of<'a>(lines: impl Iterator<Item = &'a BillLine>) -> Self {
        lines.fold(Self::default(), |sum, line| Self {
            count: sum.count + 1,
            amount: sum.amount + line.amount,
            fee: sum.fee + line.fee,
        })
    }
}

/// Numbers that a spreadsheet would round have a tab behind them, and so have some cells that are
/// empty.
fn trade_row(line: &BillLine) -> Vec<String> {
    let (kind, amount, fee) = match line.refund {
        None => ("交易", line.amount, -line.fee),
        Some(_) => ("退款", -line.amount, line.fee),
    };
    let refund_no = line.refund.as_ref().map(|refund| &refund.refund_no);
    let order = &line.order;
    let remark = order.terms.get("body").map_or("", String::as_str);
    [
        &format!("{}\t", order.trade_no),
        &format!("{}\t", order.channel_order_no),
        &format!("{kind}\t"),
        order.subject.as_str(),
        &order.created_at.beijing(),
        &line.at.beijing(),
        "\t",
        "\t",
        "\t",
        "\t",
        BUYER,
        &yuan(amount),
        &yuan(amount),
        "0.00",
        "0.00",
        "0.00",
        "0.00",
        "0.00",
        "",
        "0.00\t",
        "0.00",
        &format!("{}\t", refund_no.map_or("", String::as_str)),
        &yuan(fee),
        "0.00",
        remark,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// `2026年01月31日 16:00:00`.
fn chinese(moment: Moment) -> String {
    let text = moment.beijing();
    let (date, time) = text.split_once(' ').unwrap_or((&text, ""));
    let mut parts = date.split('-');
    let mut next = || parts.next().unwrap_or_default();
    format!("{}年{}月{}日 {time}", next(), next(), next())
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer
        .write_record(columns)
        .and_then(|()| rows.iter().try_for_each(|row| writer.write_record(row)));
    written.expect("every row has as many cells as there are columns");
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("made of text")
}

fn pack(files: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        // Bytes that are no UTF-8 leave the entry's flag for UTF-8 unset, as Alipay does.
        let name = gbk(name);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .name(&name);
        let written = zip
            .start_file_with_options(options)
            .and_then(|()| Ok(zip.write_all(&gbk(text))?));
        written.expect("memory does not fail");
    }
    let written = zip.finish().expect("memory does not fail");
    written.into_inner()
}

/// What GBK has no place for becomes a question mark.
fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, has_strangers) = GBK.encode(text);
    if !has_strangers {
        return bytes.into_owned();
    }
    let mut letter = [0; 4];
    text.chars()
        .flat_map(|character| {
            let (bytes, _, is_stranger) = GBK.encode(character.encode_utf8(&mut letter));
            if is_stranger {
                b"?".to_vec()
            } else {
                bytes.into_owned()
            }
        })
        .collect()
}
