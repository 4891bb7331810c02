"""The lessons as a static site that runs in a browser."""
