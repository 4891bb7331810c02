"""Many runs on many machines: whoever may act is decided by the log, with leases and epochs."""
