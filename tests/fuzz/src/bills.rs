//! Bills: their lines spoilt and packed anew, and the packed file spoilt.

use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use payonce_channels::statement::{Seal, StatementKind};
use payonce_domain::Channel;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::spoil::{Recipe, spoil};
use crate::{ALIPAY, Side, UNIONPAY, WECHAT};

const ALIPAY_TRADES: &str = "#支付宝业务明细查询\r\n支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）\r\n2026112022001\t,P7A\t,交易,\"茶,水\",2026-11-20 22:15:30,19.99,19.99,\t,-0.12\r\n2026112022001\t,P7A\t,退款,茶,2026-11-20 22:40:00,-5.00,-5.00,R7A\t,0.03\r\n#交易合计：1笔，商家实收共19.99元\r\n#退款合计：1笔，商家实收退款共-5.00元\r\n";
const ALIPAY_FUNDS: &str = "账务流水号,业务流水号,商户订单号,业务类型,发生时间,收入金额（+元）,支出金额（-元）,账户余额（元）\r\n1,2026112022001,P7A,在线支付,2026-11-20 22:15:30,19.99,0.00,119.99\r\n2,2026112022001,P7A,退款,2026-11-20 22:40:00,0.00,-5.00,114.99\r\n#收入合计：1笔，共19.99元\r\n#支出合计：1笔，共5.00元\r\n";
const WECHAT_TRADES: &str = "\u{feff}交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,商户退款单号,退款状态,商品名称,手续费,订单金额,申请退款金额\r\n`2026-11-20 22:15:30,`wx1,`1900000001,`4200001,`P1,`SUCCESS,`CNY,`0,`,`茶, 水,`0.11950,`19.99,`0.00\r\n`2026-11-20 22:40:00,`wx1,`1900000001,`4200001,`P1,`REFUND,`CNY,`R1,`PROCESSING,`茶,`-0.02990,`0.00,`5.00\r\n总交易单数,手续费总金额,订单总金额,申请退款总金额\r\n`2,`0.1,`19.99,`5.00\r\n";
const WECHAT_FUNDS: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n`2026-11-20 22:15:30,`4200001,`F1,`交易,`交易,`收入,`19.99,`119.99,`system,`结算,`P1\r\n`2026-11-20 22:40:00,`50300001,`F2,`退款,`退款,`支出,`5.00,`114.99,`1900000001API,`,`R1\r\n资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`2,`1,`19.99,`1,`5.00\r\n";

/// A bill before it is packed.
struct Bill {
    side: &'static LazyLock<Side>,
    kind: StatementKind,
    lines: Vec<u8>,
}

static BILLS: LazyLock<[Bill; 5]> = LazyLock::new(|| {
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let bill = |side, kind, lines| Bill { side, kind, lines };
    [
        bill(&ALIPAY, StatementKind::Trades, gbk(ALIPAY_TRADES)),
        bill(&ALIPAY, StatementKind::Funds, gbk(ALIPAY_FUNDS)),
        bill(&WECHAT, StatementKind::Trades, WECHAT_TRADES.into()),
        bill(&WECHAT, StatementKind::Funds, WECHAT_FUNDS.into()),
        bill(&UNIONPAY, StatementKind::Trades, unionpay_lines()),
    ]
});

/// Two lines of UnionPay's table, whose columns stand at fixed places.
fn unionpay_lines() -> Vec<u8> {
    let line = |columns: &[(usize, &str)]| {
        let mut line = vec![b' '; 607];
        for (offset, text) in columns {
            line[*offset..*offset + text.len()].copy_from_slice(text.as_bytes());
        }
        line.extend_from_slice(b"\r\n");
        line
    };
    let payment = [
        (0, "S56"),
        (35, "1231233001"),
        (66, "000000010000"),
        (87, "202512312330011234567"),
        (112, "P1001"),
        (166, "D000000000060"),
        (215, "01"),
    ];
    let refund = [
        (0, "S30"),
        (35, "0101010203"),
        (66, "000000002500"),
        (87, "202601010102037654321"),
        (112, "R2001"),
        (166, "C000000000015"),
        (215, "04"),
        (271, "202512312330011234567"),
        (476, "P1001"),
    ];
    [line(&payment), line(&refund)].concat()
}

impl Bill {
    fn pack(&self, lines: &[u8]) -> Vec<u8> {
        match self.side.channel {
            Channel::Alipay => zipped("20880000000000010156_20261120_业务明细.csv", lines),
            Channel::Wechat => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(lines).expect("memory takes it");
                encoder.finish().expect("memory takes it")
            }
            Channel::Unionpay => {
                let file = zipped("INN26010101ZM_777290058110048", lines);
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&file).expect("memory takes it");
                STANDARD
                    .encode(encoder.finish().expect("memory takes it"))
                    .into_bytes()
            }
        }
    }

    /// Opens a file; says how many lines of it were read.
    fn open(&self, file: &[u8], seal: Option<&Seal>) -> usize {
        let day = jiff::civil::date(2026, 1, 1);
        let opened = self.side.statements.open(self.kind, day, file, seal);
        opened.map_or(0, |statement| {
            let trades = statement.trades.iter().flatten().count();
            trades + statement.funds.iter().flatten().count()
        })
    }

    fn seal(&self, lines: &[u8]) -> Option<Seal> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, lines);
        let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
        (self.side.channel == Channel::Wechat).then(|| Seal::Sha1(hash.collect()))
    }
}

fn zipped(name: &str, lines: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default())
        .expect("memory takes it");
    zip.write_all(lines).expect("memory takes it");
    zip.finish().expect("memory takes it").into_inner()
}

/// Whether the bills are read before they are spoilt.
///
/// # Panics
/// Where one is not.
pub fn assert_bills_are_read() {
    for bill in BILLS.iter() {
        let read = bill.open(&bill.pack(&bill.lines), bill.seal(&bill.lines).as_ref());
        assert_eq!(read, 2, "{:?} {:?}", bill.side.channel, bill.kind);
    }
}

/// A bill whose channel got its lines wrong: each is read or named, or the bill is refused.
pub fn bill_lines(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let bill = recipe.one_of(&*BILLS);
    let lines = spoil(&mut recipe, &bill.lines);
    let _ = bill.open(&bill.pack(&lines), bill.seal(&lines).as_ref());
}

/// A file that was damaged on its way: opened, or refused.
pub fn bill_file(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let bill = recipe.one_of(&*BILLS);
    let file = spoil(&mut recipe, &bill.pack(&bill.lines));
    let _ = bill.open(&file, bill.seal(&bill.lines).as_ref());
}
