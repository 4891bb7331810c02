"""What draws the views of memories."""
