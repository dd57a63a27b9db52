"""Rules for link domains, and for the settings of an account's links."""
