//! The engine that is DynamoDB: one call of its client for each of ours, and every attempt watched.
//!
//! The client repeats what failed by itself. So the last answer is not enough to know whether a write
//! happened: the first attempt may have timed out, and the last been throttled. Each attempt that was
//! sent and did not get a refusal leaves the outcome open.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};

use crate::engine::{
    Answered, BatchGet, Engine, EngineError, GetItem, Item, PutItem, QueryItems, UpdateItem,
    Written,
};
use crate::record::KEY;

/// Counts the attempts of one call that were sent and not refused.
#[derive(Debug, Clone, Default)]
struct Attempts {
    open: Arc<AtomicU32>,
}

impl Attempts {
    /// What the failure of this call means for what it was to write.
    fn failed<E>(&self, error: E) -> EngineError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        EngineError {
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

/// A read that failed; nothing can have been written.
fn unread<E>(error: E) -> EngineError
where
    E: std::error::Error + Send + Sync + 'static,
{
    EngineError {
        unknown: false,
        source: Box::new(error),
    }
}

impl Engine for Client {
    fn put(&self, put: PutItem) -> Answered<'_, Written> {
        Box::pin(async move {
            let attempts = Attempts::default();
            let mut call = self
                .put_item()
                .table_name(put.table)
                .set_item(Some(put.item))
                .condition_expression(put.condition.text)
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
            for (name, attribute) in put.condition.names {
                call = call.expression_attribute_names(name, attribute);
            }
            for (name, value) in put.condition.values {
                call = call.expression_attribute_values(name, value);
            }
            let answer = call.customize().interceptor(attempts.clone()).send().await;
            match answer {
                Ok(_) => Ok(Written::Done(None)),
                Err(error) => match refusal(&error) {
                    Some(item) => Ok(Written::Refused(item)),
                    None => Err(attempts.failed(error)),
                },
            }
        })
    }

    fn get(&self, get: GetItem) -> Answered<'_, Option<Item>> {
        Box::pin(async move {
            let mut call = self.get_item().table_name(get.table);
            for (name, value) in get.key {
                call = call.key(name, AttributeValue::S(value));
            }
            if get.consistent {
                call = call.consistent_read(true);
            }
            let answer = call.send().await;
            answer.map(|output| output.item).map_err(unread)
        })
    }

    fn batch_get(&self, batch: BatchGet) -> Answered<'_, (Vec<Item>, Vec<String>)> {
        Box::pin(async move {
            let table = batch.table;
            let keys = batch.keys.into_iter();
            let keys = keys.map(|key| HashMap::from([(KEY.to_owned(), AttributeValue::S(key))]));
            let request = KeysAndAttributes::builder()
                .set_keys(Some(keys.collect()))
                .build()
                .map_err(unread)?;
            let answer = self
                .batch_get_item()
                .request_items(&table, request)
                .send()
                .await
                .map_err(unread)?;
            let items = answer.responses.and_then(|mut of| of.remove(&table));
            let rest = answer.unprocessed_keys.and_then(|mut of| of.remove(&table));
            let rest = rest.map(|rest| rest.keys).unwrap_or_default();
            let rest = rest.into_iter().filter_map(|mut key| key.remove(KEY));
            let rest = rest.filter_map(|key| key.as_s().ok().cloned());
            Ok((items.unwrap_or_default(), rest.collect()))
        })
    }

    fn update(&self, update: UpdateItem) -> Answered<'_, Written> {
        Box::pin(async move {
            let attempts = Attempts::default();
            let condition = (!update.condition.is_empty()).then(|| update.condition.to_owned());
            let mut call = self
                .update_item()
                .table_name(update.table)
                .update_expression(update.update.text)
                .set_condition_expression(condition)
                .return_values(ReturnValue::AllNew);
            for (name, value) in update.key {
                call = call.key(name, AttributeValue::S(value));
            }
            for (name, attribute) in update.update.names {
                call = call.expression_attribute_names(name, attribute);
            }
            for (name, value) in update.update.values {
                call = call.expression_attribute_values(name, value);
            }
            let answer = call.customize().interceptor(attempts.clone()).send().await;
            match answer {
                Ok(output) => Ok(Written::Done(output.attributes)),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(_)) => {
                        Ok(Written::Refused(None))
                    }
                    Some(_) | None => Err(attempts.failed(error)),
                },
            }
        })
    }

    fn query(&self, query: QueryItems) -> Answered<'_, Vec<Item>> {
        Box::pin(async move {
            let mut call = self
                .query()
                .table_name(query.table)
                .set_index_name(query.index.map(str::to_owned))
                .set_consistent_read(query.index.is_none().then_some(true))
                .key_condition_expression(query.condition.text)
                .scan_index_forward(true)
                .limit(query.limit);
            for (name, attribute) in query.condition.names {
                call = call.expression_attribute_names(name, attribute);
            }
            for (name, value) in query.condition.values {
                call = call.expression_attribute_values(name, value);
            }
            let answer = call.send().await.map_err(unread)?;
            Ok(answer.items.unwrap_or_default())
        })
    }

    fn pause(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// The item that was there, if the condition did not hold.
fn refusal<R>(error: &SdkError<PutItemError, R>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refused)) => Some(refused.item.clone()),
        Some(_) | None => None,
    }
}
