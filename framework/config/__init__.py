"""The configuration: read, merged, checked, and then immutable. Everything else starts from `load_config`."""
