"""How large the fault tests are: bounded by default, and larger by the environment."""

import os

MINUTES = float(os.environ.get("FAULT_MINUTES", "0"))
"""How long a test may take that is not run at all by default."""
SEED = int(os.environ.get("FAULT_SEED", "20261122"))
KILLS = int(os.environ.get("FAULT_KILLS", "3"))
"""Kills of workers during a batch."""
BATCH = int(os.environ.get("FAULT_BATCH", "1500"))
"""Messages of that batch."""
POLLED_PAGES = int(os.environ.get("FAULT_PAGES", "30"))
"""Pages that are polled and changed all their lives."""
STRESS = bool(MINUTES) or os.environ.get("FAULT_STRESS", "1") != "0"
"""Whether the stress test runs at all: it needs the machine to itself for two minutes."""
REPORT = os.environ.get("FAULT_REPORT", "")
"""Where the stress test writes its figures, as JSON."""
