"""Call, queue, agent and conference: pure fold and decide."""
