//! Payment channels: pure builders and readers, and one transport that sends
