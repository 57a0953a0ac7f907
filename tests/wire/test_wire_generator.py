"""The committed tables are what the committed generator makes."""
import subprocess
import sys

from tests.wire.driver import ROOT


def test_tables_are_up_to_date():
    done = subprocess.run([sys.executable, str(ROOT / "modules/providers/aws/generate_wire.py"), "--check"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
