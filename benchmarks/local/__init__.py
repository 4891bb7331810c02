"""What a small model on this machine can do, measured on tasks it was not prompted for."""
