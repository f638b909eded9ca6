"""JUnit reports of what is not a Criterion test."""
import dataclasses
from xml.sax.saxutils import quoteattr


@dataclasses.dataclass
class Case:
    """One thing that was tried; `why` it failed, None: it did not."""
    name: str
    seconds: float
    why: str | None = None


def write_report(path, suite, cases):
    """the exit code: 1 when something failed"""
    failed = sum(case.why is not None for case in cases)
    lines = [f"<testsuite name={quoteattr(suite)} tests='{len(cases)}' "
             f"failures='{failed}'>"]
    for case in cases:
        inside = (f"<failure message={quoteattr(case.why)}/>"
                  if case.why is not None else "")
        lines.append(f"<testcase classname={quoteattr(suite)} "
                     f"name={quoteattr(case.name)} "
                     f"time='{case.seconds:.3f}'>{inside}</testcase>")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join([*lines, "</testsuite>", ""]))
    return int(failed > 0)
