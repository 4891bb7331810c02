"""Sleep time: a memory put in order between asks, in changes that can be undone."""
