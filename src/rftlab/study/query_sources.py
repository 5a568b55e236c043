"""Where queries come from: the sources that datasets and evaluation sets share, as the study's schema has them.

One class a source, listed in ``SOURCES``; the file of the same name in ``data/sources/`` reads what it describes.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from rftlab.data.queries import SPLITS, refuse_unknown_splits
from rftlab.data.sources import procedural, source_of
from rftlab.errors import BadInputError
from rftlab.hub import refuse_repository
from rftlab.study.section import Count, Section, excerpt

MOST_QUERIES = 1_000_000  # of a split that is made; planning makes it, to look for queries that are trained on


def _known_splits(by_split: dict[str, Any]) -> dict[str, Any]:
    refuse_unknown_splits(by_split, SPLITS)
    return by_split


def _field_names(names: Any) -> Any:
    several = [names] if isinstance(names, str) else names
    if not isinstance(several, list) or not several or not all(isinstance(name, str) and name for name in several):
        raise ValueError(f"a field's name, or a list of them, is needed, not {excerpt(names)}")
    return names


BySplit = AfterValidator(_known_splits)
Sizes = Annotated[dict[str, Annotated[int, Field(ge=1, le=MOST_QUERIES)]], Field(min_length=1), BySplit]
FieldNames = Annotated[str | list[str], BeforeValidator(_field_names)]


class QuerySource(Section):
    """What all sources of queries can do."""

    usual_verifier: ClassVar[str | None] = None
    """Scores answers where the study names no verifier; None: it must name one, since nobody knows their form."""
    read_by_planning: ClassVar[bool] = True
    """Whether planning reads the queries; those of the others are looked at by the data stages, before any training."""

    source: str

    def content(self) -> dict[str, Any]:
        """What the data stage is given."""
        raise NotImplementedError

    @property
    def split_names(self) -> tuple[str, ...]:
        """Splits it has."""
        return source_of(self.content()).splits

    @property
    def verifier_of_answers(self) -> str | None:
        """Name of the verifier for this kind of answers, where there is one for all of them."""
        return self.usual_verifier

    @model_validator(mode="after")
    def _usable(self) -> Self:
        source_of(self.content())  # which refuses what its types do not show
        return self


class ProceduralSource(QuerySource):
    """Queries made by a family of tasks; the family's own parameters stand beside these keys."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    usual_verifier: ClassVar[str | None] = "marked"

    source: Literal["procedural"] = Field(description="selects generated queries")
    family: str = Field(description="family of tasks, one of the table below")
    seed: int = Field(0, description="of the queries")
    sizes: Sizes = Field(
        dict(procedural.SIZES), description="split → number of distinct queries; one that is left out is not made"
    )

    def content(self) -> dict[str, Any]:
        """What the data stage is given: what the study says, and the sizes."""
        own = type(self).model_fields.keys() - ProceduralSource.model_fields.keys()
        return {"sizes": self.sizes, **self.model_dump(exclude=set(own), exclude_unset=True)}


class GymSource(QuerySource):
    """Queries made by a family of the package reasoning-gym, scored exactly and never by its own scorers."""

    usual_verifier: ClassVar[str | None] = "exact"
    read_by_planning: ClassVar[bool] = False

    source: Literal["reasoning_gym"] = Field(description="selects a family of reasoning-gym")
    family: Annotated[str, Field(min_length=1)] = Field(description="family, such as `chain_sum`")
    parameters: dict[str, Any] = Field({}, description="the family's own settings, such as `{min_terms: 2}`")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        0, description="of the queries; no two seeds and no two splits share an item"
    )
    sizes: Sizes = Field(
        dict(procedural.SIZES), description="split → number of distinct queries; one that is left out is not made"
    )

    def content(self) -> dict[str, Any]:
        """What the data stage is given."""
        return self.model_dump(include=set(GymSource.model_fields))


class RecordFields(Section):
    """Which fields of a record make a query; several for the query are joined by a space."""

    query: FieldNames = Field("question", description="field or fields of the query")
    answer: Annotated[str, Field(min_length=1)] = Field("answer", description="field of the answer")
    choices: FieldNames | None = Field(
        None, description="multiple choice: the field that lists the choices, or a field for each"
    )


class RecordSource(QuerySource):
    """What all sources of records share: which of their fields make a query, and how many are used."""

    fields: RecordFields = Field(RecordFields(), description="fields of a record that make a query, table below")
    limit: Annotated[dict[str, Count], BySplit] = Field(
        {}, description="split → use the first so many distinct queries"
    )

    @property
    def verifier_of_answers(self) -> str | None:
        """Letters are compared where there are choices."""
        return "choice" if self.fields.choices is not None else self.usual_verifier

    def mapping(self) -> dict[str, Any]:
        """Fields and limits, as far as the study has any."""
        fields = self.fields.model_dump(exclude_unset=True, exclude_none=True)
        mapping = {"fields": fields, "limit": self.limit}
        return {key: value for key, value in mapping.items() if value}

    @model_validator(mode="after")
    def _limited_splits_exist(self) -> Self:
        refuse_unknown_splits(self.limit, self.split_names, "limit: ")
        return self


class FileSource(RecordSource):
    """What sources of files by path share."""

    files: Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1), BySplit] = Field(
        description="split → path, relative to the working directory"
    )
    origin: str | None = Field(
        None,
        min_length=1,
        description="where files that are not there can be had; the message that misses one repeats it",
    )

    def content(self) -> dict[str, Any]:
        """What the data stage is given; empty mappings are left out."""
        return {"source": self.source, "files": self.files, **self.mapping()}


class JsonlSource(FileSource):
    """JSONL files: GSM8K's own format, plain question/answer records, or fields named here."""

    source: Literal["jsonl"] = Field(description="selects JSONL files")


class ParquetSource(FileSource):
    """Parquet files, one row a record."""

    source: Literal["parquet"] = Field(description="selects Parquet files")


class SplitLock(Section):
    """A split of a dataset as the lock has it."""

    records: Count = Field(description="how many it holds")
    files: dict[str, str] = Field(description="path in the repository → SHA-256", min_length=1)


class DatasetLock(Section):
    """A dataset as the lock has it: commit, how it is read, and what it is made of."""

    commit: str = Field(description="40 hexadecimal digits", pattern="^[0-9a-f]{40}$")
    reader: str = Field(description="the reader that `datasets` chose: parquet, json, csv, text")
    options: dict[str, Any] = Field({}, description="the reader's settings, where they are not its own")
    splits: dict[str, SplitLock] = Field(description="the hub's split → what it is made of", min_length=1)


class HubSource(RecordSource):
    """A dataset of the model hub, at the commit and with the digests that the study's lock names."""

    read_by_planning: ClassVar[bool] = False

    source: Literal["hub"] = Field(description="selects a dataset of the hub")
    id: str = Field(description="repository, such as `openai/gsm8k`")
    name: str | None = Field(None, description="configuration of the dataset, such as `main`, where it has several")
    revision: str = Field("main", description="branch, tag or commit; `rftlab fetch` locks the commit it stands for")
    splits: Annotated[dict[str, str], Field(min_length=1), BySplit] = Field(description="split → the hub's name of it")
    lock: SkipJsonSchema[DatasetLock | None] = Field(None, description="what the lock says; never written by hand")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        refuse_repository(self.id)
        return self

    @property
    def split_names(self) -> tuple[str, ...]:
        """Splits it has, whether or not there is a lock."""
        return tuple(split for split in SPLITS if split in self.splits)

    def content(self) -> dict[str, Any]:
        """What the data stage is given: the commit, not the revision it was found by.

        Raises:
            BadInputError: the study has no lock.
        """
        if self.lock is None:
            raise BadInputError(f"{self.id}: not locked; `rftlab fetch STUDY` writes the lock")
        return {
            "source": "hub",
            "id": self.id,
            **self.lock.model_dump(include={"commit", "reader", "options"}),
            "splits": {
                split: {"split": theirs, "files": self.lock.splits[theirs].files}
                for split, theirs in self.splits.items()
            },
            **self.mapping(),
        }

    @property
    def counts(self) -> dict[str, int]:
        """Records of each split, as the lock counted them."""
        assert self.lock is not None, "nobody asks a study without a lock"
        return {split: self.lock.splits[theirs].records for split, theirs in self.splits.items()}


SOURCES: tuple[type[QuerySource], ...] = (ProceduralSource, GymSource, JsonlSource, ParquetSource, HubSource)
