"""From audit.yaml to a report folder."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from auditkit.attest.bundle import BUNDLE, MANIFEST, manifest
from auditkit.attest.bundle import written as written_envelopes
from auditkit.attest.statements import digests_of, envelopes
from auditkit.auditing import Audit, Progress, audit, package_versions, recalled
from auditkit.cache import FOLDER, Cache
from auditkit.changes import Changes, since_audit, since_baseline
from auditkit.charts.svg import preload
from auditkit.config import Config, check_auditors, load_config
from auditkit.config_places import blamed
from auditkit.coverage.packs import Pack, load_packs
from auditkit.data.files import read_hierarchy, read_table
from auditkit.data.permitted import PermittedError
from auditkit.data.scan import Scan, scan
from auditkit.data.table import Table
from auditkit.energy.records import read_training
from auditkit.errors import DataError, ModelError, OutputError
from auditkit.exports.bias_audit import bias_audit_files
from auditkit.kept import keeping
from auditkit.models.loading import load_model
from auditkit.policy import Baseline, Decision, Policy, adopting, baseline_of, read_baseline
from auditkit.record import Record, dump, from_json, load
from auditkit.rendering.documents import documents_for
from auditkit.rendering.documents import render as render_documents
from auditkit.rendering.language import ENGLISH, language_texts
from auditkit.subject import Subject

BASELINE = "auditkit-baseline.json"
REPORT_FOLDER = "auditkit-report"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run wrote, and where."""

    record: Record
    folder: Path
    files: tuple[str, ...]


def subject_of(config: Config, *, allow_code: bool = True) -> Subject:
    """Build the subject that audit.yaml describes.

    Raises
    ------
    ConfigurationError, DataError, ModelError
        With the line of audit.yaml where that helps.
    """
    columns = dict(config.columns)
    try:
        test: Table | Scan = (scan if config.in_place else read_table)(config.test, na_values=config.na_values)
        train, released, population = (
            read_table(path, na_values=config.na_values) if path else None
            for path in (config.train, config.released, config.population)
        )
        spec = config.model
        model = None
        if spec is not None:
            model = load_model(_model_spec(config), config.folder, allow_code=allow_code)
        return Subject(
            test,
            model=model,
            train=train,
            name=config.name,
            task=config.task,  # type: ignore[arg-type]
            score_kind=config.score_kind,  # type: ignore[arg-type]
            seed=config.seed,
            synthetic=config.synthetic,
            card=config.card,
            carbon={**config.carbon, "training": _training(config)},
            recourse=config.recourse,
            deployment=config.deployment,
            disclosure=config.disclosure,  # type: ignore[arg-type]
            released=released,
            population=population,
            hierarchies={column: read_hierarchy(path) for column, path in config.hierarchies.items()},
            reference=config.reference,
            datasheet=config.datasheet,
            questionnaire=config.questionnaire,
            technical_file=config.technical_file,
            **columns,
        )
    except PermittedError as error:
        raise config.document.error(f"recourse: {error.plain}", "recourse", *error.keys) from None
    except (DataError, ModelError) as error:
        keys = blamed(config.document.data, error)
        if keys is not None:
            raise config.document.error(str(error), *keys) from None
        raise type(error)(f"{config.document.path.name}: {error}") from None


def subject_from(path: Path, *, allow_code: bool = True) -> Subject:
    """Build the subject of an audit.yaml.

    Raises
    ------
    ConfigurationError, DataError, ModelError
        With the line of audit.yaml where that helps.
    """
    return subject_of(load_config(path), allow_code=allow_code)


def _training(config: Config) -> dict[str, Any]:
    file = config.training.get("file")
    return read_training(file) if isinstance(file, Path) else dict(config.training)


def _model_spec(config: Config) -> str | dict[str, object]:
    spec = config.model
    if spec is None or (spec.file is None and spec.python is None):
        raise ModelError("model: neither file nor python is given; name one, or leave model out")
    if spec.python is not None:
        return {"python": spec.python, **({"version": spec.version} if spec.version else {})}
    given: dict[str, object] = {"file": os.path.relpath(str(spec.file), config.folder)}
    if spec.sha256:
        given["sha256"] = spec.sha256
    if spec.trusted:
        given["trusted"] = list(spec.trusted)
    return given


def run(
    path: Path,
    *,
    out: Path | None = None,
    policy: Path | None = None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    as_of: date | None = None,
    baseline: Path | None = None,
    allow_code: bool = True,
    progress: bool | Progress = True,
    fast: bool = False,
    budget: float = math.inf,
    use_cache: bool = True,
    templates: Path | None = None,
) -> Report:
    """Audit what audit.yaml describes and write the report folder, all or nothing.

    `policy` wins over the one that audit.yaml names. `baseline` is as in `baseline_for`, `fast` and `budget` as in
    `auditkit.audit`. Findings that nothing has changed for come from the folder .auditkit-cache beside the file, unless
    `use_cache` is False. `templates` is a folder whose templates and languages win over the built-in ones.

    Returns
    -------
    Report

    Raises
    ------
    AuditkitError
        On any mistake, before anything is written.
    """
    config = load_config(path)
    language_texts(config.presentation.get("language", ENGLISH), [templates] if templates else [])
    file = policy or config.policy
    rules = Policy.load(file) if file else None
    before = baseline_for(file, baseline) if file else None
    folder = out or config.folder / REPORT_FOLDER
    check_target(folder)
    found = audited(
        config,
        only=only,
        skip=skip,
        allow_code=allow_code,
        progress=progress,
        fast=fast,
        budget=budget,
        use_cache=use_cache,
        policy=rules,
    )
    found, decision = judged(found, rules, before, as_of)
    changes = changes_for(file, baseline, found, decision)
    if config.presentation:
        found = replace(found, run={**found.run, "presentation": dict(config.presentation)})
    with keeping(config.folder / FOLDER if use_cache else None):
        return write(found, decision, folder, templates, coverage=config.coverage, changes=changes)


def audited(
    config: Config,
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    allow_code: bool = True,
    progress: bool | Progress = True,
    fast: bool = False,
    budget: float = math.inf,
    use_cache: bool = True,
    policy: Policy | None = None,
) -> Audit:
    """Audit what audit.yaml describes, in processes of their own; nothing is judged or written but the cache.

    A rule of `policy` that could never match this audit is refused before any auditor runs.

    Raises
    ------
    AuditkitError
        On any mistake.
    """
    check_auditors(config)
    cache = Cache(config.folder / FOLDER) if use_cache else None
    files = _files_digest(config) if cache is not None else None
    chosen: dict[str, Any] = {"only": tuple(only), "skip": (*config.skip, *skip), "options": config.options}
    found = recalled(cache, files, **chosen) if cache is not None and files is not None else None
    if found is None:
        subject = subject_of(config, allow_code=allow_code)
    if policy is not None:
        policy.check_columns(config.columns.get("sensitive", ()), config.deployment)
    if found is not None:
        return found
    preload()
    found = audit(
        subject,
        **chosen,
        isolate=True,
        timeout=config.timeout,
        progress=progress,
        fast=fast,
        budget=budget,
        cache=cache,
    )
    if cache is not None and files is not None:
        cache.remember(files, subject, package_versions())
    return found


def judged(
    found: Audit, policy: Policy | None, baseline: Baseline | None, as_of: date | None
) -> tuple[Audit, Decision | None]:
    """Return the audit, which names the policy from then on, and the decision; without a policy there is none."""
    if policy is None:
        return found, None
    named = {**found.provenance, "policy": {"name": policy.name, "sha256": policy.digest}}
    found = replace(found, provenance=named)
    return found, policy.judge(found, as_of=as_of, baseline=baseline)


def _files_digest(config: Config) -> str | None:
    """Return a digest of audit.yaml and of all files that it names; None where code or rows in place are among them."""
    spec = config.model
    if config.in_place or (spec is not None and spec.python is not None):
        return None
    training = config.training.get("file")
    model = spec.file if spec is not None else None
    named = [config.test, config.train, config.released, config.population, model, training]
    total = hashlib.sha256(json.dumps(config.document.data, sort_keys=True, default=str).encode())
    for path in [*named, *config.hierarchies.values()]:
        total.update(b"\0absent\0" if path is None else str(path.name).encode())
        if path is not None:
            with path.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def baseline_for(policy: Path, given: Path | None = None) -> Baseline | None:
    """Return what changes are measured against: `given`, or the file auditkit-baseline.json beside the policy.

    Parameters
    ----------
    policy : Path
        policy.yaml.
    given : Path, optional
        A baseline file, or the audit.json of an earlier audit.

    Raises
    ------
    ConfigurationError, DataError, RecordError
        If a file cannot be read or was changed.
    """
    beside = policy.parent / BASELINE
    if given is None:
        return read_baseline(beside) if beside.is_file() else None
    if _is_record(given):
        record = load(given)
        return baseline_of(record.audit, f"{given.name} of {record.audit.name}, sha256 {record.evidence_digest[:12]}")
    return read_baseline(given)


def changes_for(policy: Path | None, given: Path | None, found: Audit, decision: Decision | None) -> Changes | None:
    """Return what changed since the file that `baseline_for` takes, or None without one; `policy` may be absent.

    Raises
    ------
    ConfigurationError, DataError, RecordError
        If a file cannot be read or was changed.
    """
    beside = policy.parent / BASELINE if policy is not None else None
    place = given or (beside if beside is not None and beside.is_file() else None)
    if place is None:
        return None
    if _is_record(place):
        earlier = load(place)
        return since_audit(earlier.audit, earlier.decision, earlier.evidence_digest, found, decision)
    kept = read_baseline(place)
    return since_baseline(kept, hashlib.sha256(place.read_bytes()).hexdigest(), place.name, found)


def _is_record(file: Path) -> bool:
    return file.is_file() and b'"schema_version"' in file.read_bytes()[:4096]


def adopt_baseline(found: Audit, policy: Policy, place: Path, *, as_of: date | None = None) -> Path:
    """Write the baseline file that adopts an audit as it is, and return its path.

    Parameters
    ----------
    found : Audit
    policy : Policy
        Its rules say what is worth remembering.
    place : Path
        The file, or a folder for auditkit-baseline.json.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    file = place / BASELINE if place.is_dir() else place
    decision = policy.judge(found, as_of=as_of)
    incoming = file.with_name(f"{file.name}.incoming-{os.getpid()}")
    try:
        incoming.write_bytes(adopting(found, decision, decision.as_of))
        incoming.replace(file)
    except OSError as error:
        incoming.unlink(missing_ok=True)
        raise OutputError(
            f"{file.name} cannot be written: {error.strerror or error}; name a file with --baseline"
        ) from None
    return file


def write(
    found: Audit,
    decision: Decision | None,
    folder: Path,
    templates: Path | None = None,
    *,
    coverage: Iterable[Pack] = (),
    changes: Changes | None = None,
    documents: Iterable[str] = (),
) -> Report:
    """Write audit.json, the documents and the manifest to a folder, all or nothing.

    `documents` are written beside those that the record calls for.

    Raises
    ------
    OutputError
        If the folder holds foreign files or cannot be written.
    """
    content = dump(found, decision, coverage, changes)
    record = from_json(json.loads(content))
    wanted = dict.fromkeys((*documents_for(record), *documents))
    rendered = render_documents(record, documents=wanted, templates=templates)
    files = {"audit.json": content, **rendered, **bias_audit_files(record)}
    digests = digests_of(files)
    files[BUNDLE] = written_envelopes(envelopes(record, digests))
    files[MANIFEST] = manifest(record, {**digests, **digests_of({BUNDLE: files[BUNDLE]})})
    with replacing(folder) as incoming:
        for name, data in files.items():
            (incoming / name).write_bytes(data)
    return Report(record, folder, tuple(sorted(files)))


def check_target(folder: Path) -> None:
    """Refuse a folder that is neither absent, empty nor ours.

    Raises
    ------
    OutputError
        Naming the first foreign file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder.name} is a file; name a folder for the report")
    if not folder.exists():
        return
    held = {entry.name for entry in folder.iterdir()}
    ours: set[str] = {MANIFEST}
    if MANIFEST in held:
        try:
            ours |= set(json.loads((folder / MANIFEST).read_bytes())["files"])
        except (ValueError, KeyError, TypeError):
            raise OutputError(f"{folder.name}/{MANIFEST} is not one of ours; name another folder with --out") from None
    foreign = sorted(held - ours)
    if foreign:
        raise OutputError(
            f"{folder.name} holds {foreign[0]!r}, which auditkit did not write; name another folder with --out"
        )


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a fresh folder beside the target and rename it into place when the block ends well."""
    check_target(folder)
    incoming = folder.with_name(f"{folder.name}.incoming-{os.getpid()}")
    outgoing = folder.with_name(f"{folder.name}.outgoing-{os.getpid()}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _repair(folder)
        incoming.mkdir()
        yield incoming
        if folder.exists():
            folder.rename(outgoing)
        incoming.rename(folder)
    except OSError as error:
        raise OutputError(
            f"{folder.name} cannot be written: {error.strerror or error}; name another folder with --out"
        ) from None
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(outgoing, ignore_errors=True)
        elif outgoing.exists():
            outgoing.rename(folder)


def _repair(folder: Path) -> None:
    """Bring back a report whose run was killed between two renames, and remove what it left."""
    for stray in folder.parent.glob(f"{folder.name}.outgoing-*"):
        if folder.exists():
            shutil.rmtree(stray, ignore_errors=True)
        else:
            stray.rename(folder)
    for stray in folder.parent.glob(f"{folder.name}.incoming-*"):
        if not _alive(stray.name):
            shutil.rmtree(stray, ignore_errors=True)


def _alive(name: str) -> bool:
    try:
        os.kill(int(name.rpartition("-")[2]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def render(
    record: Record | Audit,
    out: str | Path,
    *,
    decision: Decision | None = None,
    templates: str | Path | None = None,
    coverage: Iterable[str | Path] = (),
    documents: Iterable[str] = (),
    baseline: str | Path | None = None,
) -> Report:
    """Write the documents of a record, or of an audit and its decision, to a folder.

    Parameters
    ----------
    record : Record or Audit
    out : path
    decision : Decision, optional
        With an `Audit`; a record brings its own.
    templates : path, optional
        A folder whose templates win over the built-in ones.
    coverage : iterable of str or path
        Packs to hold the audit against, by name or as YAML files; default those of the record.
    documents : iterable of str
        Documents beside those that the record calls for, such as ``technical_file``.
    baseline : path, optional
        An earlier audit.json, or a baseline file, to show the change since; default what the record compares with.

    Raises
    ------
    ConfigurationError
        If there is no such pack or document, or the baseline cannot be read.
    OutputError
        If the folder holds foreign files.
    """
    if not isinstance(record, Record | Audit):
        raise OutputError(f"render takes an Audit or what ak.load gives, got {type(record).__name__}")
    given = record if isinstance(record, Record) else Record(record, None)
    decided = decision or given.decision
    compared = changes_for(None, Path(baseline), given.audit, decided) if baseline is not None else given.changes
    return write(
        given.audit,
        decided,
        Path(out),
        Path(templates) if templates else None,
        coverage=load_packs(map(str, coverage), Path()) or given.coverage,
        changes=compared,
        documents=documents,
    )
