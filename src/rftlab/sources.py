"""Where models, datasets and evaluation sets come from: the part of a study's schema that names sources."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, Tag, field_validator, model_validator

from rftlab.data import procedural, records
from rftlab.section import Count, Natural, Positive, Section, Share, by_source


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

    source: Literal["tiny"] = Field(description="selects this kind of model")
    architecture: Literal["qwen2", "llama", "olmo2"] = Field(description="family, as transformers implements it")
    layers: Count = Field(3, description="number of decoder layers")
    hidden_size: Annotated[int, Field(ge=32, multiple_of=32)] = Field(
        128, description="width of a layer; a head takes 32 of it"
    )
    seed: Natural = Field(0, description="of the weights and of the order of the examples")
    lr: Positive = Field(3.0e-3, description="peak learning rate of this training")
    batch_size: Count = Field(64, description="worked solutions per step")
    max_steps: Count = Field(1500, description="steps after which a model out of range is given up")
    check_every: Count = Field(50, description="steps between measurements of accuracy on validation queries")
    check_queries: Count = Field(200, description="queries per task in such a measurement")
    trained_range: list[Share] = Field(
        [0.15, 0.3, 0.45],
        min_length=3,
        max_length=3,
        description="sampled accuracy on a training dataset: the least, where the model may stop, the most",
    )
    other_range: list[Share] = Field(
        [0.05, 0.1, 0.95], min_length=3, max_length=3, description="the same for tasks that are only evaluated"
    )
    max_new_tokens: Count = Field(24, description="longest answer in such a measurement, in tokens")
    train_on: dict[str, Positive] = Field(
        description="procedural dataset or evaluation set → weight in the mixture", min_length=1
    )

    @field_validator("trained_range", "other_range")
    @classmethod
    def _ascending(cls, accuracies: list[float]) -> list[float]:
        if accuracies != sorted(accuracies):
            raise ValueError(f"the least, the goal and the most are needed in this order, not {accuracies}")
        return accuracies


class GgufModel(Section):
    """A GGUF file, dequantised to float32: from a Python package or a path; exactly one of the two."""

    source: Literal["gguf"] = Field(description="selects this kind of model")
    package: str | None = Field(None, description="installed Python package that brings the file")
    path: str | None = Field(None, description="path of the file, relative to the working directory")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.package is None) == (self.path is None):
            raise ValueError("give either package or path")
        return self


class DirectoryModel(Section):
    """A Hugging Face model directory with safetensors."""

    source: Literal["directory"] = Field(description="selects this kind of model")
    path: str = Field(description="path of a directory with config.json, tokenizer.json and model.safetensors")


Model = Annotated[
    Annotated[TinyModel, Tag("tiny")] | Annotated[GgufModel, Tag("gguf")] | Annotated[DirectoryModel, Tag("directory")],
    by_source("tiny", "gguf", "directory"),
]


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


class JsonlSource(Section):
    """JSONL files: GSM8K's own format, plain question/answer records, or fields named here."""

    source: Literal["jsonl"] = Field(description="selects JSONL files")
    files: dict[str, str] = Field(description="split → path, relative to the working directory")
    fields: dict[str, str | list[str]] = Field(
        {}, description="`query` and `answer` → field names (`question` and `answer` unless given)"
    )
    limit: dict[str, Count] = Field({}, description="split → use the first so many distinct queries")

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
        None,
        description="a file of `rewards/` that scores answers; default `marked` (procedural), `gsm8k_strict` (JSONL)",
    )
    prompt: Prompt = Field(Prompt(), description="how a query becomes a prompt")


class ProceduralDataset(DatasetKeys, ProceduralSource):
    """A training dataset of generated queries; the family's own parameters, `seed` and `sizes` stand beside these."""


class JsonlDataset(JsonlSource, DatasetKeys):
    """A training dataset from JSONL files: GSM8K's own format, plain question/answer records, or fields named here."""


Dataset = Annotated[
    Annotated[ProceduralDataset, Tag("procedural")] | Annotated[JsonlDataset, Tag("jsonl")],
    by_source("procedural", "jsonl"),
]


class EvaluationKeys(Section):
    """What every evaluation set has besides its queries."""

    split: Literal["validation", "test"] = Field(
        "test", description="validation sets choose a checkpoint, test sets report"
    )
    shift: str | None = Field(None, description="what is different from the training dataset, in a word or two")
    limit_queries: Count | None = Field(None, description="use the first so many queries")
    verifier: str | None = Field(None, description="how answers are scored; by default as for a dataset")


class DatasetSplit(EvaluationKeys):
    """A split of a training dataset: the one kind of evaluation set that names no source."""

    dataset: str = Field(description="name of the dataset")


class ProceduralSet(EvaluationKeys, ProceduralSource):
    """An evaluation set of generated queries; the family's own parameters, `seed` and `sizes` stand beside these."""


class JsonlSet(JsonlSource, EvaluationKeys):
    """An evaluation set from JSONL files."""


EvaluationSet = Annotated[
    Annotated[DatasetSplit, Tag("dataset")]
    | Annotated[ProceduralSet, Tag("procedural")]
    | Annotated[JsonlSet, Tag("jsonl")],
    by_source("procedural", "jsonl", default="dataset"),
]
