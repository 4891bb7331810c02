"""The definitions of the levels, each as a function from a history to what is wrong with it."""
