"""The table probe form x kernel of docs/probes.md: `python -m tests.kernels.forms_table`.

Writes between the two marker lines of the page. Names of forms as words run those alone and print
what became of them, without writing.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kernels import forms
from tests.kernels.catalog import KERNELS
from tests.kernels.form import HERE, Form
from tests.kernels.sharing import run_alone
from tests.support.observe import Result
from tests.support.places import PROJECT

PAGE = PROJECT / "docs/probes.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def run_all(folder: Path) -> dict[str, dict[str, Result]]:
    """Results by kernel and form; one boot a kernel."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda kernel: run_alone(forms.ALL, kernel), KERNELS)
        guests = dict(zip((kernel.name for kernel in KERNELS), found))
    forms.build(folder)
    return {**guests, HERE: forms.run_here(folder)}


def table(runs: dict[str, dict[str, Result]]) -> str:
    """A Markdown table, and below it each message with which a form is refused."""
    kernels = list(runs)
    lines = ["| form | " + " | ".join(kernels) + " |", "|---" * (len(kernels) + 1) + "|"]
    for form in forms.FORMS:
        cells = [_cell(form, kernel, runs[kernel]) for kernel in kernels]
        lines.append(f"| {form.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(form: Form, kernel: str, results: dict[str, Result]) -> str:
    if form.name not in results:
        return "-"
    return form.verdict(kernel, results[form.name]).partition(":")[0]


def failures(runs: dict[str, dict[str, Result]]) -> list[str]:
    return [
        f"{kernel}: {form.name}: {verdict}"
        for kernel, results in runs.items()
        for form in (*forms.FORMS, *forms.WRONG)
        if form.name in results
        and (verdict := form.verdict(kernel, results[form.name])).startswith("FAILS")
    ]


def main(words: list[str]) -> int:
    if words:
        forms.FORMS = tuple(f for f in forms.FORMS if any(word in f.name for word in words))
        forms.WRONG = tuple(f for f in forms.WRONG if any(word in f.name for word in words))
    with tempfile.TemporaryDirectory() as folder:
        runs = run_all(Path(folder))
    text = table(runs)
    print(text)
    failed = failures(runs)
    print("\n".join(failed), file=sys.stderr)
    if not words:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
