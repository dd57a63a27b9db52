"""The web panel: pages for people over the API of the same process."""
