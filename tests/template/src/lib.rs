//! What template.yaml must guarantee, and the house rules
