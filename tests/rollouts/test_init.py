"""What an engine is asked for and what it returns."""

from __future__ import annotations

import subprocess
import sys


def test_planning_can_import_the_packages_without_torch() -> None:
    script = "import rftlab.models, rftlab.rollouts, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
