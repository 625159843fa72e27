"""The command line: run, gate, render, explain, demo, doctor; the others are in the modules named `cli_*`."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Literal

import click

from auditkit.cli_completion import auditors, completion, coverage_packs, documents, files_or_codes, policies
from auditkit.cli_ending import guarded, interrupted_by, without
from auditkit.cli_evidence import export, keygen, sign, verify
from auditkit.cli_exit import kept_alive
from auditkit.cli_files import check, schema
from auditkit.cli_options import day, is_built_in, policy_file, record_file
from auditkit.cli_outputs import Wanted, claims_output, outputs, sources_of, sources_of_audit, tell, write_outputs
from auditkit.cli_start import compare, init, list_
from auditkit.cli_track import track

Whom = Literal["adverse", "all"]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# jsonschema imports it where it is installed, for a format of addresses that no schema here has: 3 s of CPU time.
_SLOW = "rfc3987_syntax"
EXIT_CODES = """\b
Exit codes: 0 pass, warnings included · 1 a blocking rule failed · 2 usage or configuration
3 an auditor died, or a blocking rule's measure is missing · 4 evidence invalid · 5 nothing evaluated · 130 interrupted"""


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="auditkit")
def commands() -> None:
    """Audit a machine-learning model: may it be deployed, and on what evidence?"""


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    number, unit = (value[:-1], value[-1]) if value[-1:] in ("s", "m") else (value, "s")
    try:
        seconds = float(number) * (60 if unit == "m" else 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise click.BadParameter(f"got {value!r}, wanted a time like 60s or 5m")
    return seconds


_as_of = click.option(
    "--as-of", callback=day, metavar="DATE", help="The day waivers are read at (default: today, UTC)."
)
_baseline = click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="What changes are measured against: a baseline file or an earlier audit.json (default: auditkit-baseline.json "
    "beside the policy, if there).",
)
_quiet = click.option("--quiet", "-q", is_flag=True, help="Print the verdict alone.")


@commands.command()
@click.argument("file", type=click.Path(path_type=Path), default="audit.yaml")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Report folder (default: auditkit-report beside the file)."
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    callback=policy_file,
    shell_complete=policies,
    help="The policy to judge by: a file, or one that comes with auditkit, such as auditkit:starter (default: the one that FILE names).",
)
@click.option(
    "--only", multiple=True, metavar="ID", shell_complete=auditors, help="Run this auditor or family alone; repeatable."
)
@click.option(
    "--skip", multiple=True, metavar="ID", shell_complete=auditors, help="Leave this auditor or family out; repeatable."
)
@click.option("--no-code", is_flag=True, help="Refuse models that run code of the folder (python: …).")
@click.option("--fast", is_flag=True, help="Leave out the auditors that take long; a rule on them is then missing.")
@click.option(
    "--budget", callback=_seconds, metavar="60s", help="Stop auditing after so long (s, m); what is left out says so."
)
@click.option("--no-cache", is_flag=True, help="Run every auditor again, whether or not anything changed.")
@click.option("--log-json", is_flag=True, help="Tell progress as lines of JSON on standard error.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder whose templates and languages win.",
)
@outputs
@_as_of
@_baseline
@_quiet
def run(
    file: Path,
    out: Path | None,
    policy: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    no_code: bool,
    as_of: date | None,
    baseline: Path | None,
    quiet: bool,
    fast: bool,
    budget: float | None,
    no_cache: bool,
    log_json: bool,
    templates: Path | None,
    wanted: Wanted,
) -> int:
    """Audit what FILE (audit.yaml) describes; write audit.json, the model card and the gate report."""
    from auditkit.run import run as run_audit

    sources = sources_of_audit(file, policy) if wanted else None
    with _progress(quiet, log_json) as report:
        written = run_audit(
            file,
            out=out,
            policy=policy,
            only=only,
            skip=skip,
            as_of=as_of,
            baseline=baseline,
            allow_code=not no_code,
            progress=report,
            fast=fast,
            budget=budget or math.inf,
            use_cache=not no_cache,
            templates=templates,
        )
    if sources is not None:
        write_outputs(written.record, sources, wanted)
    return _conclude(written, quiet, wanted)


@commands.command()
@click.argument("record", type=click.Path(path_type=Path), default="audit.json", callback=record_file)
@click.option(
    "--policy",
    required=True,
    type=click.Path(path_type=Path),
    callback=policy_file,
    shell_complete=policies,
    help="The policy to judge by: a file, or one that comes with auditkit, such as auditkit:starter.",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Adopt today's state: afterwards only what is shown to be worse blocks. Writes auditkit-baseline.json beside the policy.",
)
@outputs
@_as_of
@_baseline
@_quiet
def gate(
    record: Path,
    policy: Path,
    update_baseline: bool,
    as_of: date | None,
    baseline: Path | None,
    quiet: bool,
    wanted: Wanted,
) -> int:
    """Judge an audit.json again by a policy, without model or data."""
    from auditkit.policy import Policy
    from auditkit.record import Record, load
    from auditkit.run import adopt_baseline, baseline_for

    if update_baseline and baseline is None and is_built_in(policy):
        raise click.UsageError("beside a built-in policy no baseline can be kept; say where with --baseline FILE")
    loaded, rules = load(record), Policy.load(policy)
    if update_baseline:
        written = adopt_baseline(loaded.audit, rules, baseline or policy.parent, as_of=as_of)
        click.echo(f"adopted today's state: {written.name}; commit it, so that a change of it is reviewed", err=True)
        baseline = written
    decision = rules.judge(loaded.audit, as_of=as_of, baseline=baseline_for(policy, baseline))
    write_outputs(Record(loaded.audit, decision, loaded.evidence_digest), sources_of(rules, policy), wanted)
    tell(decision, quiet, wanted)
    return decision.exit_code


@commands.command()
@click.argument("record", type=click.Path(path_type=Path), default="audit.json", callback=record_file)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("auditkit-report"), help="Folder for the documents."
)
@click.option("--templates", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Templates that win.")
@click.option(
    "--coverage",
    multiple=True,
    metavar="PACK",
    shell_complete=coverage_packs,
    help="Hold the audit against this pack, a name or a YAML file; repeatable (auditkit list --coverage names them).",
)
@click.option(
    "--document",
    "documents",
    multiple=True,
    metavar="NAME",
    shell_complete=documents,
    help="Write this document too: technical_file, review_board_questionnaire; repeatable.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="Show the change since this audit.json or baseline file."
)
def render(
    record: Path,
    out: Path,
    templates: Path | None,
    coverage: tuple[str, ...],
    documents: tuple[str, ...],
    baseline: Path | None,
) -> int:
    """Write the documents of an audit.json again, without model or data."""
    from auditkit.record import load
    from auditkit.run import render as render_report

    written = render_report(
        load(record), out, templates=templates, coverage=coverage, documents=documents, baseline=baseline
    )
    click.echo(f"wrote {len(written.files)} files to {written.folder}")
    return 0


def _places(_: click.Context, __: click.Parameter, value: str | None) -> list[int] | None:
    if value is None:
        return None
    try:
        return [int(part) for part in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"got {value!r}, wanted rows of the test data from 0, like 3,17") from None


@commands.command()
@click.argument(
    "file",
    type=click.Path(path_type=Path),
    default="audit.yaml",
    metavar="[FILE | CODE]",
    shell_complete=files_or_codes,
)
@click.option("--rows", callback=_places, metavar="3,17", help="These rows of the test data, counted from 0.")
@click.option("--adverse", "whom", flag_value="adverse", help="All rows whose decision is not the favourable one.")
@click.option("--all", "whom", flag_value="all", help="All rows.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="The most rows of these.")
@click.option("--out", type=click.Path(path_type=Path), help="Write reasons there as CSV, for your eyes alone (0600).")
@click.option("--reference", type=click.Choice(["near-threshold", "all"]), help="Applicants to compare with.")
@click.option("--texts", type=click.Path(path_type=Path), help="YAML: column to the statement to give.")
@click.option(
    "--budget", type=click.IntRange(1), default=200_000, show_default=True, help="Rows to ask a black box for."
)
@click.option("--no-code", is_flag=True, help="Refuse models that run code of the folder (python: …).")
def explain(file: Path, rows: list[int] | None, whom: Whom | None, out: Path | None, no_code: bool, **how: Any) -> int:
    """Explain a CODE such as AK-G01, an auditor's id, or single rows of FILE (audit.yaml) with the reasons of adverse decisions.

    Names single persons: nothing of it enters a report. Reasons follow 12 CFR 1002.9(b)(2): at most four factors that lowered
    the score most, against applicants approved at or just above the threshold, or all.
    """
    from auditkit.codes import code_of, explained

    if str(file).upper().startswith("AK-") or code_of(str(file)):
        click.echo(str(explained(str(file))))
        return 0
    from auditkit.explainers.persons import explain_persons
    from auditkit.exports.reason_codes import check_output, write_reason_codes
    from auditkit.run import subject_from

    wanted = rows if whom is None else whom
    if wanted is None and not file.exists() and not file.suffix.startswith(".y"):
        raise click.UsageError(
            f"{str(file)!r} is no file, code or auditor; name audit.yaml, a code (AK-G01) or an id of auditkit list"
        )
    if wanted is None or (rows is not None and whom is not None):
        raise click.UsageError("say whom to explain, in one way: --rows 3,17, --adverse or --all")
    if out is not None:
        check_output(out)
    found = explain_persons(subject_from(file, allow_code=not no_code), wanted, csv=out is not None, **how)
    for note in found.notes:
        click.echo(f"auditkit: {note}", err=True)
    if out is not None and found.codes is not None:
        write_reason_codes(found.codes, out)
    click.echo(found.text if out is None or found.codes is None else f"wrote {out.name}: {found.codes!r}")
    return 0


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("auditkit-demo"))
def demo(folder: Path) -> int:
    """Make a synthetic lending model with a planted disparity in FOLDER, audit it, and show what CI would see."""
    from auditkit.demo import make_demo
    from auditkit.run import run as run_audit

    click.echo(f"making synthetic data and a model in {folder} …")
    file = make_demo(folder)
    with _progress(False) as report:
        written = run_audit(file, progress=report)
    code = _conclude(written, False)
    click.echo(f"\nCI would see exit code {code}: auditkit run {file}")
    click.echo("The data are synthetic, the disparity was planted; the demo itself exits 0.")
    return 0


@commands.command()
def doctor() -> int:
    """Show versions, extras, the font and power sensors."""
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    from auditkit.auditing import PACKAGES

    click.echo(f"python {sys.version.split()[0]}")
    for package in ("auditkit", *PACKAGES, "fairlearn", "matplotlib", "jinja2", "typst"):
        try:
            click.echo(f"{package} {version(package)}")
        except PackageNotFoundError:
            click.echo(f"{package} missing: pip install {package}")
    from auditkit.rendering.pdf import font_folder

    click.echo(
        f"font {'DejaVu Sans' if (font_folder() / 'DejaVuSans.ttf').is_file() else 'missing: pip install matplotlib'}"
    )
    for extra, module in (("polars", "polars"), ("LightGBM models", "lightgbm"), ("XGBoost models", "xgboost")):
        click.echo(f"{extra}: {'installed' if find_spec(module) else 'not installed'}")
    sensor = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
    click.echo(f"power sensor: {'RAPL' if os.access(sensor, os.R_OK) else 'none readable; energy is estimated'}")
    return 0


for _command in (init, compare, list_, track, check, schema, completion, export, verify, sign, keygen):
    commands.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every mistake of a user is one line and an exit code."""
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    asked = os.environ.get("_AUDITKIT_COMPLETE")
    if asked:
        sys.exit(guarded(lambda: _completed(asked)))
    with without(_SLOW), interrupted_by("SIGINT", "SIGTERM", "SIGHUP"), kept_alive():
        sys.exit(guarded(lambda: commands.main(arguments, prog_name="auditkit", standalone_mode=False)))


def _completed(instruction: str) -> int:
    """Answer a shell that asks how a line goes on."""
    from auditkit.cli_shells import answer

    return answer(commands, instruction)


@contextmanager
def _progress(quiet: bool, as_json: bool = False) -> Iterator[Callable[[str, int, int], None] | bool]:
    if as_json:
        from auditkit.progress import json_lines

        yield json_lines(lambda line: click.echo(line, err=True))
    elif quiet:
        yield False
    elif sys.stderr.isatty():
        yield True
    else:
        yield lambda name, done, total: click.echo(f"[{done}/{total}] {name}", err=True)


def _conclude(written: Any, quiet: bool, wanted: Wanted = ()) -> int:
    from auditkit.exports.plain_text import visible

    decision, err = written.record.decision, claims_output(wanted)
    problems = [finding for finding in written.record.audit.findings if finding.status == "error"]
    for finding in problems:
        click.echo(visible(f"auditkit: {finding.id} died: {finding.reason}"), err=True)
    code = 3 if problems else 0
    if decision is None:
        click.echo("no policy was named, so nothing was judged: add policy: policy.yaml to audit.yaml (exit code 5)")
        code = code or 5
    else:
        tell(decision, quiet, wanted)
        code = decision.exit_code
    if not quiet:
        click.echo(f"\nread {written.folder / 'gate_report.html'} and {written.folder / 'model_card.html'}", err=err)
    return code
