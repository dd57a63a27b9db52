"""The protocols by which phones speak to a server."""
