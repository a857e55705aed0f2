"""Files that people write in TOML: read, held against their types, and each mistake said with its line."""
