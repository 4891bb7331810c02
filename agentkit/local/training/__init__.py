"""Training of a small model on this machine: LoRA by hand, in numpy, on chats that are made up."""
