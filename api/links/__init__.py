"""Short links: where they lead, and the domains and settings of an account's links."""
