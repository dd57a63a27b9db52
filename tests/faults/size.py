"""How large the fault tests are: bounded by default, and larger by the environment."""

import os

SEED = int(os.environ.get("FAULT_SEED", "20261122"))
KILLS = int(os.environ.get("FAULT_KILLS", "3"))
"""Kills of workers during a batch."""
BATCH = int(os.environ.get("FAULT_BATCH", "3000"))
"""Messages of that batch."""
MINUTES = float(os.environ.get("FAULT_MINUTES", "0"))
"""How long the stress test makes traffic; 0: as short as in CI."""
REPORT = os.environ.get("FAULT_REPORT", "")
"""Where the stress test writes its figures, as JSON."""
