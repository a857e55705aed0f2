"""Call legs: `/calls`."""
