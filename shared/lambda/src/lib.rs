//! Runtime glue of the functions: configuration, telemetry, batches
