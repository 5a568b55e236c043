"""Where queries come from: the sources that datasets and evaluation sets share, as the study's schema has them."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from rftlab.data import procedural, reasoning_gym, records
from rftlab.data.fields import parse_fields, parse_limit, refuse_unknown
from rftlab.data.queries import SPLITS
from rftlab.errors import BadInputError
from rftlab.study.section import Count, Natural, Section

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


class ProceduralSource(Section):
    """Queries made by a family of tasks; the family's own parameters, `seed` and `sizes` stand beside these keys."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    source: Literal["procedural"] = Field(description="selects generated queries")
    family: str = Field(description="family of tasks, one of the table below")

    @model_validator(mode="after")
    def _family_parameters(self) -> Self:
        procedural.parse(self.content())
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given."""
        own = type(self).model_fields.keys() - ProceduralSource.model_fields.keys()
        return {"sizes": procedural.SIZES, **self.model_dump(exclude=set(own))}


class GymSource(Section):
    """Queries made by a family of the package reasoning-gym, scored exactly and never by its own scorers."""

    source: Literal["reasoning_gym"] = Field(description="selects a family of reasoning-gym")
    family: str = Field(description="family, such as `chain_sum`")
    parameters: dict[str, Any] = Field({}, description="the family's own settings, such as `{min_terms: 2}`")
    seed: Natural = Field(0, description="of the queries; no two seeds and no two splits share an item")
    sizes: dict[str, Count] = Field(
        procedural.SIZES, description="split → number of distinct queries; one that is left out is not made"
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        reasoning_gym.parse(self.content())
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given."""
        return self.model_dump(include=set(reasoning_gym.KEYS))


class MappedSource(Section):
    """What all sources of records share: which of their fields make a query, and how many are used."""

    fields: dict[str, str | list[str]] = Field(
        {},
        description="`query` and `answer` → field names (`question` and `answer` unless given); "
        "`choices` makes it multiple choice",
    )
    limit: dict[str, Count] = Field({}, description="split → use the first so many distinct queries")


class FileSource(MappedSource):
    """What sources of files by path share."""

    files: dict[str, str] = Field(description="split → path, relative to the working directory")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        records.parse(self.content())
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given; empty mappings are left out."""
        return {k: v for k, v in self.model_dump(include=set(records.KEYS)).items() if v}


class JsonlSource(FileSource):
    """JSONL files: GSM8K's own format, plain question/answer records, or fields named here."""

    source: Literal["jsonl"] = Field(description="selects JSONL files")


class ParquetSource(FileSource):
    """Parquet files, one row a record."""

    source: Literal["parquet"] = Field(description="selects Parquet files")


class LockedSplit(Section):
    """A split of a dataset as the lock has it."""

    records: Count = Field(description="how many it holds")
    files: dict[str, str] = Field(description="path in the repository → SHA-256", min_length=1)


class LockedDataset(Section):
    """A dataset as the lock has it: commit, how it is read, and what it is made of."""

    commit: str = Field(description="40 hexadecimal digits", pattern="^[0-9a-f]{40}$")
    reader: str = Field(description="the reader that `datasets` chose: parquet, json, csv, text")
    options: dict[str, Any] = Field({}, description="the reader's settings, where they are not its own")
    splits: dict[str, LockedSplit] = Field(description="the hub's split → what it is made of", min_length=1)


class HubSource(MappedSource):
    """A dataset of the model hub, at the commit and with the digests that the study's lock names."""

    source: Literal["hub"] = Field(description="selects a dataset of the hub")
    id: str = Field(description="repository, such as `openai/gsm8k`")
    name: str | None = Field(None, description="configuration of the dataset, such as `main`, where it has several")
    revision: str = Field("main", description="branch, tag or commit; `rftlab fetch` locks the commit it stands for")
    splits: dict[str, str] = Field(description="split → the hub's name of it", min_length=1)
    locked: SkipJsonSchema[LockedDataset | None] = Field(None, description="what the lock says; never written by hand")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        refuse_repository(self.id)
        refuse_unknown(self.splits, SPLITS, "splits.")
        parse_fields(self.fields)
        parse_limit(self.limit, self.splits)
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given: the commit, not the revision it was found by.

        Raises:
            BadInputError: the study has no lock.
        """
        if self.locked is None:
            raise BadInputError(f"{self.id}: not locked; `rftlab fetch STUDY` writes the lock")
        locked = self.locked
        splits = {
            split: {"split": theirs, "files": locked.splits[theirs].files} for split, theirs in self.splits.items()
        }
        mapping = {"fields": self.fields, "limit": self.limit}
        return {
            "source": "hub",
            "id": self.id,
            **locked.model_dump(include={"commit", "reader", "options"}),
            "splits": splits,
            **{key: value for key, value in mapping.items() if value},
        }

    @property
    def counts(self) -> dict[str, int]:
        """Records of each split, as the lock counted them."""
        assert self.locked is not None, "nobody asks a study without a lock"
        return {split: self.locked.splits[theirs].records for split, theirs in self.splits.items()}


def refuse_repository(name: str) -> None:
    """Refuse what cannot be a repository's id.

    Raises:
        ValueError: with an example.
    """
    if not REPOSITORY.fullmatch(name) or "--" in name or ".." in name:
        raise ValueError(f"id: {name!r} cannot be a repository; an id such as openai/gsm8k is needed")
