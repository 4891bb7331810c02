"""Language models on this machine, without key and network: their weights, and their server."""
