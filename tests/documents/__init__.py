"""The tables of docs/ that the code knows: made by `make docs`, held by tests/unit/telnyx/test_documented_*.py."""
