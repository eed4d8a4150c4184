//! Calls to DynamoDB whose every attempt is watched.
