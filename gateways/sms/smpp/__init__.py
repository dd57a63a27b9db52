"""SMPP 3.4: its packets, sessions, links and reports, and the gateway above them."""
