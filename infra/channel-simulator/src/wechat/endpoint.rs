//! The paths of the API, and which faults concern each.

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::create::Product;
use crate::faults::Operation;

const BASE: &str = "/wechat/v3/";

/// One endpoint, with the numbers that its path carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Create(Product),
    CodePay,
    Query { out_trade_no: String },
    QueryById { transaction_id: String },
    Close { out_trade_no: String },
    Reverse { out_trade_no: String },
    Refund,
    RefundQuery { out_refund_no: String },
    TradeBill,
    FundFlowBill,
    BillDownload,
    Certificates,
}

impl Endpoint {
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix(BASE)?;
        let parts: Vec<_> = path.split('/').collect();
        let number = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().ok()?;
            (!text.is_empty()).then(|| text.into_owned())
        };
        let is_get = method == Method::GET;
        let found = match *parts.as_slice() {
            ["pay", "transactions", "out-trade-no", n] if is_get => Self::Query {
                out_trade_no: number(n)?,
            },
            ["pay", "transactions", "id", n] if is_get => Self::QueryById {
                transaction_id: number(n)?,
            },
            ["refund", "domestic", "refunds", n] if is_get => Self::RefundQuery {
                out_refund_no: number(n)?,
            },
            ["bill", "tradebill"] if is_get => Self::TradeBill,
            ["bill", "fundflowbill"] if is_get => Self::FundFlowBill,
            ["billdownload", "file"] if is_get => Self::BillDownload,
            ["certificates"] if is_get => Self::Certificates,
            _ if method != Method::POST => return None,
            ["pay", "transactions", "codepay"] => Self::CodePay,
            ["pay", "transactions", product] => Self::Create(Product::named(product)?),
            ["pay", "transactions", "out-trade-no", n, "close"] => Self::Close {
                out_trade_no: number(n)?,
            },
            ["pay", "transactions", "out-trade-no", n, "reverse"] => Self::Reverse {
                out_trade_no: number(n)?,
            },
            ["refund", "domestic", "refunds"] => Self::Refund,
            _ => return None,
        };
        Some(found)
    }

    pub(crate) fn fault_operation(&self) -> Operation {
        match self {
            Self::Create(_) | Self::CodePay => Operation::Create,
            Self::Query { .. } | Self::QueryById { .. } => Operation::Query,
            Self::Close { .. } => Operation::Close,
            Self::Reverse { .. } => Operation::Reverse,
            Self::Refund => Operation::Refund,
            Self::RefundQuery { .. } => Operation::RefundQuery,
            Self::TradeBill | Self::FundFlowBill | Self::BillDownload | Self::Certificates => {
                Operation::Bill
            }
        }
    }

    pub(crate) fn has_body(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::CodePay
            | Self::Close { .. }
            | Self::Reverse { .. }
            | Self::Refund => true,
            Self::Query { .. }
            | Self::QueryById { .. }
            | Self::RefundQuery { .. }
            | Self::TradeBill
            | Self::FundFlowBill
            | Self::BillDownload
            | Self::Certificates => false,
        }
    }

    pub(crate) fn out_trade_no(&self) -> Option<&str> {
        match self {
            Self::Query { out_trade_no }
            | Self::Close { out_trade_no }
            | Self::Reverse { out_trade_no } => Some(out_trade_no),
            Self::Create(_)
            | Self::CodePay
            | Self::QueryById { .. }
            | Self::Refund
            | Self::RefundQuery { .. }
            | Self::TradeBill
            | Self::FundFlowBill
            | Self::BillDownload
            | Self::Certificates => None,
        }
    }
}
