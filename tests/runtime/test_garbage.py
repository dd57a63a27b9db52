"""What a process begins with is not looked through by the garbage collector."""

import subprocess
import sys


def test_what_a_process_has_begun_with_is_not_looked_through() -> None:
    script = """
import gc
began_with = [[] for _ in range(50_000)]
from runtime.garbage import freeze_startup_objects, pause_collection
pause_collection()
assert not gc.isenabled()
freeze_startup_objects()
assert gc.isenabled()
cycle = []
cycle.append(cycle)
looked_through = gc.get_objects()
assert len(looked_through) < 1_000, len(looked_through)
assert any(found is cycle for found in looked_through)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
