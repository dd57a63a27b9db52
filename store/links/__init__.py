"""Short links, the domains that they begin with, and what accounts want of their links."""
