"""Where models, datasets and evaluation sets come from: the part of a study's schema that names sources."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from rftlab import levels
from rftlab.data import procedural, records


def _scientific(value: Any) -> Any:
    """YAML 1.1 reads 1e-4, without a point, as text; nobody means that."""
    return float(value) if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value) else value


Number = Annotated[float, BeforeValidator(_scientific), Field(allow_inf_nan=False)]
Positive = Annotated[float, BeforeValidator(_scientific), Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, BeforeValidator(_scientific), Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A mapping with known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and cls.model_config.get("extra") == "forbid":
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    hint = levels.did_you_mean(str(key), known)
                    raise ValueError(f"unknown key {key!r}; valid keys: {', '.join(known)}{hint}")
        return value


class Prompt(Section):
    """How a query becomes a prompt; every evaluation of a run uses the template it was trained with."""

    template: str = Field("{{ query }}", description="text with `{{ query }}` in it")
    chat: bool = Field(False, description="wrap it as one user message in the model's chat template")

    @field_validator("template")
    @classmethod
    def _holds_query(cls, template: str) -> str:
        if "{{ query }}" not in template:
            raise ValueError("the template drops the question: it must contain {{ query }}")
        return template


class TinyModel(Section):
    """A tiny decoder model trained from scratch on worked solutions, with a character tokenizer."""

    source: Literal["tiny"]
    architecture: Literal["qwen2", "llama", "olmo2"]
    layers: Count = 3
    hidden_size: Annotated[int, Field(ge=32, multiple_of=32)] = Field(
        128, description="a multiple of the head size, 32"
    )
    seed: Annotated[int, Field(ge=0)] = 0
    lr: Positive = 3.0e-3
    batch_size: Count = 64
    max_steps: Count = 1500
    check_every: Count = Field(50, description="steps between measurements of accuracy on validation queries")
    check_queries: Count = 200
    trained_range: list[Share] = Field(
        [0.15, 0.3, 0.45],
        min_length=3,
        max_length=3,
        description="sampled accuracy on a training dataset: the least, where the model may stop, the most",
    )
    other_range: list[Share] = Field(
        [0.05, 0.1, 0.95], min_length=3, max_length=3, description="the same for tasks that are only evaluated"
    )
    max_new_tokens: Count = 24
    train_on: dict[str, Positive] = Field(
        description="procedural dataset or evaluation set → weight in the mixture", min_length=1
    )


class GgufModel(Section):
    """A GGUF file, dequantised to float32: from a Python package or a path."""

    source: Literal["gguf"]
    package: str | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.package is None) == (self.path is None):
            raise ValueError("give either package or path")
        return self


class DirectoryModel(Section):
    """A Hugging Face model directory with safetensors."""

    source: Literal["directory"]
    path: str


Model = Annotated[TinyModel | GgufModel | DirectoryModel, Field(discriminator="source")]


class ProceduralSource(Section):
    """Queries made by a family of tasks; the family's own parameters stand beside these keys."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    source: Literal["procedural"]
    family: str

    @model_validator(mode="after")
    def _family_parameters(self) -> Self:
        procedural.parse(self.content())
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given."""
        own = type(self).model_fields.keys() - ProceduralSource.model_fields.keys()
        return {"sizes": procedural.SIZES, **self.model_dump(exclude=set(own))}


class JsonlSource(Section):
    """JSONL files: GSM8K's own format, plain question/answer records, or fields named here."""

    source: Literal["jsonl"]
    files: dict[str, str] = Field(description="split → path, relative to the working directory")
    fields: dict[str, str | list[str]] = Field({}, description="`query` and `answer` → field names")
    limit: dict[str, Count] = Field({}, description="split → use the first so many records")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        records.parse(self.content())
        return self

    def content(self) -> dict[str, Any]:
        """What the data stage is given; empty mappings are left out."""
        return {k: v for k, v in self.model_dump(include={"source", "files", "fields", "limit"}).items() if v}


class DatasetKeys(Section):
    """What every training dataset has besides its source."""

    verifier: str | None = Field(
        None, description="how answers are scored: marked (procedural), gsm8k_strict (jsonl), …"
    )
    prompt: Prompt = Prompt()


class ProceduralDataset(DatasetKeys, ProceduralSource):
    """A procedural training dataset."""


class JsonlDataset(JsonlSource, DatasetKeys):
    """A training dataset from JSONL files."""


Dataset = Annotated[ProceduralDataset | JsonlDataset, Field(discriminator="source")]


class EvaluationKeys(Section):
    """What every evaluation set has besides its queries."""

    split: Literal["validation", "test"] = Field(
        "test", description="validation sets choose a checkpoint, test sets report"
    )
    shift: str | None = Field(None, description="what is different from the training dataset, in a word or two")
    limit_queries: Count | None = Field(None, description="use the first so many queries")
    verifier: str | None = None


class DatasetSplit(EvaluationKeys):
    """A split of a training dataset."""

    dataset: str


class ProceduralSet(EvaluationKeys, ProceduralSource):
    """A procedural evaluation set of its own."""


class JsonlSet(JsonlSource, EvaluationKeys):
    """An evaluation set from JSONL files."""


EvaluationSet = Annotated[
    Annotated[DatasetSplit, Tag("dataset")]
    | Annotated[ProceduralSet, Tag("procedural")]
    | Annotated[JsonlSet, Tag("jsonl")],
    Discriminator(lambda value: value.get("source", "dataset") if isinstance(value, dict) else "dataset"),
]
