"""What each operation does in the emulator; one module for each kind of command."""
