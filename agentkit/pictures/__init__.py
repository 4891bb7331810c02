"""Pictures: SVG, HTML and tables made from what views folded."""
