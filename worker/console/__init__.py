"""What people ask by hand at a prompt, beside the services themselves."""
