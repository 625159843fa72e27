"""audit.yaml: what is audited, on which data, with which roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.catalog import catalogue, select
from auditkit.coverage.packs import Pack, load_packs
from auditkit.errors import ConfigurationError, NotApplicable, did_you_mean
from auditkit.rendering.brand import brand_of
from auditkit.rendering.language import ENGLISH
from auditkit.yamlfile import Document, load_yaml, schema


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Where the model is: a file, or a Python name; exactly one is given.

    Parameters
    ----------
    file : Path, optional
        The model file.
    sha256 : str, optional
        Its pinned digest, 64 hexadecimal digits.
    trusted : tuple of str
        Types in a skops file that are trusted beyond the built-in list.
    python : str, optional
        ``"package.module:name"``, found from audit.yaml's folder.
    version : str, optional
        What the code is declared to be.
    """

    file: Path | None = None
    sha256: str | None = None
    trusted: tuple[str, ...] = ()
    python: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """An audit.yaml with its defaults filled in and its paths resolved.

    Parameters
    ----------
    name : str
        The model's short name.
    folder : Path
        The folder of audit.yaml, to which paths in it are relative.
    document : Document
        The file with positions, for errors that are found later.
    model : ModelSpec, optional
        Absent when the data hold predictions.
    test, train : Path
        The data files; `train` is optional.
    in_place : bool
        Whether the test rows are counted in their files, which may be larger than memory.
    released, population : Path, optional
        The table that is handed out, and all people.
    hierarchies : mapping of column to Path
        Coarser values of quasi-identifiers.
    reference : mapping of column to shares by group
        The people whom the model will meet.
    na_values : tuple of str
        Texts of a CSV that mean a missing value.
    columns : mapping
        Roles to column names or values, as written; ``sensitive`` and ``quasi_identifiers`` are always lists.
    task : str, optional
        ``"binary"``, ``"multiclass"``, ``"regression"``, or absent: inferred.
    score_kind : str
        ``"probability"`` or ``"rank"``.
    seed : int
        From which all randomness follows.
    skip : tuple of str
        Auditor ids that are left out.
    options : mapping of auditor id to options
        Options for auditors.
    timeout : float
        Seconds one auditor may take.
    policy : Path, optional
        The policy file.
    card : mapping of str to str
        What people say about the model.
    datasheet : mapping of str to str
        What people say about the data.
    questionnaire, technical_file : mapping of str to str, optional
        What people say to the review board and in the technical file.
    coverage : tuple of Pack
        What the audit is held against.
    carbon : mapping
        ``country`` and ``predictions_per_year``, where given.
    recourse : mapping, optional
        Which columns a person could change, as written.
    training : mapping
        What is declared of the energy of training, or ``{"file": Path}``.
    synthetic : bool
        Whether the data are made up.
    disclosure : str
        ``"internal"``.
    presentation : mapping
        How the documents look: ``language``, and ``brand`` as the record holds it.
    """

    name: str
    folder: Path
    document: Document
    model: ModelSpec | None
    test: Path
    train: Path | None
    in_place: bool
    released: Path | None
    population: Path | None
    hierarchies: Mapping[str, Path]
    reference: Mapping[str, Mapping[str, float]]
    na_values: tuple[str, ...]
    columns: Mapping[str, Any]
    task: str | None
    score_kind: str
    seed: int
    skip: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]
    timeout: float
    policy: Path | None
    card: Mapping[str, str]
    datasheet: Mapping[str, str]
    questionnaire: Mapping[str, str] | None
    technical_file: Mapping[str, str] | None
    coverage: tuple[Pack, ...]
    carbon: Mapping[str, Any]
    recourse: Mapping[str, Any] | None
    deployment: Mapping[str, str]
    training: Mapping[str, Any]
    synthetic: bool
    disclosure: str
    presentation: Mapping[str, Any]


def load_config(path: Path) -> Config:
    """Read an audit.yaml.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Config
        With defaults filled in and paths resolved.

    Raises
    ------
    ConfigurationError
        The file is missing or wrong, or a file that it names is missing; with the line.
    """
    document = load_yaml(path, schema("audit"))
    data = document.data
    run = data.get("audit", {})
    return Config(
        name=data["name"],
        folder=path.parent,
        document=document,
        model=_model(document),
        test=_test_rows(document),
        in_place=bool(data["data"].get("in_place", False)),
        train=_optional_file(document, "data", "train"),
        released=_optional_file(document, "data", "released"),
        population=_optional_file(document, "data", "population"),
        hierarchies={
            column: _file(document, written, "data", "hierarchies", column)
            for column, written in data["data"].get("hierarchies", {}).items()
        },
        reference=data["data"].get("reference", {}),
        na_values=tuple(data["data"].get("na_values", [""])),
        columns=_columns(document),
        task=data.get("task"),
        score_kind=data.get("score_kind", "probability"),
        seed=run.get("seed", 0),
        skip=tuple(run.get("skip", ())),
        options=run.get("options", {}),
        timeout=float(run.get("timeout", 900)),
        policy=_optional_file(document, "policy"),
        card=data.get("card", {}),
        datasheet=data.get("datasheet", {}),
        questionnaire=data.get("questionnaire"),
        technical_file=data.get("technical_file"),
        coverage=coverage_of(document),
        carbon=on_a_known_grid(document, "carbon"),
        recourse=data.get("recourse"),
        deployment=data.get("deployment", {}),
        training=_training(document),
        synthetic=data.get("synthetic", False),
        disclosure=data.get("disclosure", "internal"),
        presentation=_presentation(document),
    )


def coverage_of(document: Document) -> tuple[Pack, ...]:
    """Return the coverage packs that an audit.yaml chooses.

    Raises
    ------
    ConfigurationError
        If there is no such pack, or a pack's file is wrong; with the line.
    """
    found: list[Pack] = []
    for place, name in enumerate(document.data.get("coverage", ())):
        try:
            found += load_packs([name], document.path.parent)
        except ConfigurationError as error:
            if error.file is not None:
                raise
            raise document.error(error.message, "coverage", place) from None
        if found[-1].id in {pack.id for pack in found[:-1]}:
            raise document.error(f"coverage: the pack {found[-1].id!r} stands twice", "coverage", place)
    return tuple(found)


def _presentation(document: Document) -> dict[str, Any]:
    """Return what is not as usual of the language and the brand."""
    written = document.data.get("brand", {})
    try:
        brand = brand_of(written, _optional_file(document, "brand", "logo"))
    except ConfigurationError as error:
        raise document.error(str(error), "brand") from None
    language = document.data.get("language", ENGLISH)
    return {
        **({"language": language} if language != ENGLISH else {}),
        **({"brand": brand.as_json()} if brand else {}),
    }


def check_auditors(config: Config) -> None:
    """Refuse auditors to skip, and options, that do not exist.

    Raises
    ------
    ConfigurationError
        At its line.
    """
    for index, name in enumerate(config.skip):
        with _at(config, "audit", "skip", index):
            select((), (name,))
    known = catalogue()
    for name, given in config.options.items():
        if name not in known:
            raise config.document.error(
                f"options of {name!r}, which is no auditor.{did_you_mean(name, known)}", "audit", "options", name
            )
        with _at(config, "audit", "options", name):
            known[name].options(given)


@contextmanager
def _at(config: Config, *keys: str | int) -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        raise config.document.error(error.message, *keys) from None


def _test_rows(document: Document) -> Path:
    written = document.data["data"]["test"]
    if document.data["data"].get("in_place", False):
        return document.path.parent / str(written)  # a folder or a pattern; whoever scans it says what is missing
    return _file(document, written, "data", "test")


def _model(document: Document) -> ModelSpec | None:
    given = document.data.get("model")
    if given is None:
        return None
    if isinstance(given, str):
        return ModelSpec(file=_file(document, given, "model"))
    return ModelSpec(
        file=_optional_file(document, "model", "file"),
        sha256=given.get("sha256"),
        trusted=tuple(given.get("trusted", ())),
        python=given.get("python"),
        version=given.get("version"),
    )


def on_a_known_grid(document: Document, part: str) -> Mapping[str, Any]:
    """Return a part of the file whose country and region, if any, have a grid; else nothing would be measured, an hour later."""
    given: Mapping[str, Any] = document.data.get(part, {})
    named = [key for key in ("region", "country") if key in given]
    if named:
        from auditkit.energy.grid import grid_of

        try:
            grid_of(given.get("country"), given.get("region"))
        except NotApplicable as error:
            raise document.error(str(error), part, named[0]) from None
    return given


def _training(document: Document) -> dict[str, Any]:
    given = on_a_known_grid(document, "training")
    for key in ("record", "emissions_csv"):
        if key in given:
            return {"file": _file(document, given[key], "training", key)}
    if given:
        from auditkit.energy.training import training_energy

        try:
            training_energy(given)
        except ConfigurationError as error:
            raise document.error(error.message, "training") from None
    return dict(given)


def _columns(document: Document) -> dict[str, Any]:
    columns = dict(document.data.get("columns", {}))
    for role in ("sensitive", "quasi_identifiers"):
        if isinstance(columns.get(role), str):
            columns[role] = [columns[role]]
    return columns


def _optional_file(document: Document, *keys: str) -> Path | None:
    value: Any = document.data
    for key in keys:
        if key not in value:
            return None
        value = value[key]
    return _file(document, value, *keys)


def _file(document: Document, written: str, *keys: str) -> Path:
    """Resolve a path as written; messages show it as written, never where this machine keeps it."""
    path = document.path.parent / written
    if path.is_file():
        return path
    role = ".".join(keys)
    if path.is_dir():
        raise document.error(f"{role}: {written!r} is a folder; wanted a file", *keys)
    if not path.parent.is_dir():
        raise document.error(f"{role}: no such folder for {written!r}; paths are relative to this file", *keys)
    names = [other.name for other in path.parent.iterdir() if other.is_file()]
    raise document.error(f"{role}: no such file: {written!r}.{did_you_mean(path.name, names)}", *keys)
