//! Conditional puts, and calls whose every attempt is watched.
//!
//! The client repeats what failed by itself. So the last answer is not enough to know whether a write
//! happened: the first attempt may have timed out, and the last been throttled. Each attempt that was
//! sent and did not get a refusal leaves the outcome open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use payonce_domain::Version;

use crate::Store;
use crate::error::StoreError;
use crate::record::{self, Item};

/// Counts the attempts of one call that were sent and not refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempts {
    open: Arc<AtomicU32>,
}

impl Attempts {
    /// What the failure of this call means for what it was to write.
    pub(crate) fn failed<E>(&self, doing: &'static str, error: E) -> StoreError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        StoreError::Call {
            doing,
            unknown: self.open.load(Ordering::SeqCst) > 0,
            source: Box::new(error),
        }
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refused = context
            .response()
            .is_some_and(|response| response.status().is_client_error());
        if refused {
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// What must hold of the item that is there for a put to replace it.
pub(crate) struct Condition {
    pub(crate) expression: &'static str,
    pub(crate) names: Vec<(&'static str, &'static str)>,
    pub(crate) values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    /// Nothing may be there.
    pub(crate) fn absent() -> Self {
        Self {
            expression: "attribute_not_exists(#k)",
            names: vec![("#k", record::KEY)],
            values: Vec::new(),
        }
    }

    /// What is there must be what was seen.
    pub(crate) fn unmoved(seen: Version) -> Self {
        Self {
            expression: "#v = :seen",
            names: vec![("#v", record::ITEM_VERSION)],
            values: vec![(":seen", AttributeValue::N(seen.0.to_string()))],
        }
    }

    /// What is there must not have been written by a newer program, which knows more than this one.
    pub(crate) fn not_newer() -> Self {
        Self {
            expression: "attribute_not_exists(#k) OR #r <= :r",
            names: vec![("#k", record::KEY), ("#r", record::RECORD_VERSION)],
            values: vec![(":r", AttributeValue::N(record::VERSION.to_string()))],
        }
    }
}

/// What became of a conditional put.
pub(crate) enum Put {
    /// The item is stored.
    Stored,
    /// The condition did not hold: this is there, if the table said so and anything is.
    Refused(Option<Item>),
}

impl Store {
    /// Puts an item if a condition holds, and otherwise brings what is there: one call.
    pub(crate) async fn put_if(
        &self,
        table: &str,
        item: Item,
        condition: Condition,
        doing: &'static str,
    ) -> Result<Put, StoreError> {
        let attempts = Attempts::default();
        let mut put = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression(condition.expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, attribute) in condition.names {
            put = put.expression_attribute_names(name, attribute);
        }
        for (name, value) in condition.values {
            put = put.expression_attribute_values(name, value);
        }
        let answer = put.customize().interceptor(attempts.clone()).send().await;
        match answer {
            Ok(_) => Ok(Put::Stored),
            Err(error) => match refusal(&error) {
                Some(item) => Ok(Put::Refused(item)),
                None => Err(attempts.failed(doing, error)),
            },
        }
    }

    /// The item with this key, as of its last write.
    pub(crate) async fn get(
        &self,
        table: &str,
        key: &str,
        doing: &'static str,
    ) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .key(record::KEY, AttributeValue::S(key.to_owned()))
            .consistent_read(true)
            .send()
            .await;
        match answer {
            Ok(output) => Ok(output.item),
            Err(error) => Err(StoreError::of_read(doing, error)),
        }
    }
}

/// The item that was there, if the condition did not hold.
fn refusal<R>(error: &SdkError<PutItemError, R>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refused)) => Some(refused.item.clone()),
        Some(_) | None => None,
    }
}
