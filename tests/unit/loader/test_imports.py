"""What a run without frills imports: each module of Python's that is dear stays out."""

from __future__ import annotations

import subprocess
import sys

#: What takes a millisecond or more to import, and of which a run needs nothing.
DEAR = ("argparse", "contextlib", "functools", "json", "pathlib", "re", "signal", "socket",
        "subprocess", "typing")  # fmt: skip
_CODE = """
import sys
before = set(sys.modules)
import aotrace.loader.cli, aotrace.loader.session, aotrace.loader.pump
import aotrace.loader.output.text, aotrace.loader.output.json
print(*set(sys.modules) - before)
"""


def test_a_run_imports_nothing_dear() -> None:
    """Without site: an editable install of it imports half of these itself."""
    code = f"import sys; sys.path[:0] = {sys.path!r}\n{_CODE}"
    argv = [sys.executable, "-I", "-S", "-c", _finder() + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert sorted(set(DEAR) & set(done.stdout.split())) == []


def _finder() -> str:
    """The packages by the paths that they have here."""
    import aotrace.loader
    import aotrace.runtime

    folders = {"loader": aotrace.loader.__path__[0], "runtime": aotrace.runtime.__path__[0]}
    return f"""
import sys, types
sys.modules["aotrace"] = package = types.ModuleType("aotrace")
package.__path__ = []
for name, path in {folders!r}.items():
    module = types.ModuleType("aotrace." + name)
    module.__path__ = [path]
    sys.modules["aotrace." + name] = module
    setattr(package, name, module)
del types
"""
