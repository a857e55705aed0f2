"""`python -m worker.testing.emulator`: the emulator as `switchhook emulator` runs it."""

from worker.cli import run_emulator_command

if __name__ == "__main__":
    run_emulator_command()
