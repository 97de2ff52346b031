"""The lab: what is never deployed. An emulated Azure, a local function host, a simulation, proofs, demo and benchmarks.

It may import the application; the application never imports it. Nothing here imports the tests. Its consumers use the
package for consumers, which is not installed here but found in clients/python/src.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "clients" / "python" / "src"))
