"""What users develop and test against: a Telnyx emulator and an embedded Redis."""
