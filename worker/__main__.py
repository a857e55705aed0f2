"""`python -m worker`: the worker as `switchhook worker` runs it."""

from worker.cli import run_worker_command

if __name__ == "__main__":
    run_worker_command()
