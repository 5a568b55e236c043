"""Where models, datasets and evaluation sets come from: the part of a study's schema that names sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args

from pydantic import BeforeValidator, Field, Tag, create_model, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from rftlab.errors import BadInputError
from rftlab.hub import refuse_repository
from rftlab.policies import templates
from rftlab.study.query_sources import SOURCES, QuerySource
from rftlab.study.section import Count, Natural, Positive, Section, Share, by_source, excerpt


class NamedTemplate(Section):
    """One of the templates that come with this project."""

    name: str = Field(description="its name, one of the table below")


def _template_text(value: Any) -> Any:
    """``{name: gsm8k_paper}`` stands for that template's text."""
    if isinstance(value, dict):
        if [*value] != ["name"] or not isinstance(value["name"], str):
            raise ValueError(
                f"a text or {{name: one of {', '.join(templates.NAMED_TEMPLATES)}}} is needed, not {excerpt(value)}"
            )
        return templates.named_template(value["name"])
    return value


class Prompt(Section):
    """How a query becomes a prompt; every evaluation of a run uses the template it was trained with."""

    template: Annotated[str, BeforeValidator(_template_text, json_schema_input_type=str | NamedTemplate)] = Field(
        "{{ query }}", description="Jinja text with `{{ query }}` in it, or `{name: …}` of a template below"
    )
    chat: bool = Field(False, description="wrap it as one user message in the model's chat template")
    system: str | None = Field(None, min_length=1, description="with `chat`: a system message before it")
    variables: dict[str, str | int | float | bool | None] = Field(
        {}, description="with `chat`: variables of the chat template, such as `enable_thinking: false`"
    )
    max_tokens: Count | None = Field(
        None, description="longest prompt, in tokens; longer ones are dropped, counted and reported"
    )

    @model_validator(mode="after")
    def _chat_alone_has_them(self) -> Self:
        for key in ("system", "variables"):
            if getattr(self, key) and not self.chat:
                raise ValueError(f"{key}: only a chat template has that: set chat to true, or remove it")
        if taken := sorted(templates.TAKEN & self.variables.keys()):
            raise ValueError(f"variables: {taken[0]} is set by rftlab; it cannot be given")
        return self

    @field_validator("template")
    @classmethod
    def _holds_query(cls, template: str) -> str:
        templates.refuse_unusable(template)
        return template


class TinyModel(Section):
    """A tiny decoder model trained from scratch on worked solutions, with a character tokenizer."""

    source: Literal["tiny"] = Field(description="selects this kind of model")
    architecture: Literal["qwen2", "llama", "olmo2"] = Field(description="family, as transformers implements it")
    layers: Count = Field(3, description="number of decoder layers")
    hidden_size: Annotated[int, Field(ge=32, multiple_of=32)] = Field(
        128, description="width of a layer; a head takes 32 of it"
    )
    seed: Natural = Field(
        0, description="of the weights and of the order of the examples; another one makes another model of this recipe"
    )
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
    path: str = Field(
        description="path of a directory with config.json, tokenizer.json and safetensors, in one file or several"
    )


class ModelLock(Section):
    """A model as the lock has it: commit, files, and what its configuration says."""

    commit: str = Field(description="40 hexadecimal digits", pattern="^[0-9a-f]{40}$")
    architecture: str = Field(description="model_type of its config.json")
    context: Count | None = Field(None, description="most tokens of prompt and response together")
    chat_template: bool = Field(description="whether there is one")
    parameters: Count = Field(description="numbers in its weights")
    files: dict[str, str] = Field(description="path in the repository → SHA-256", min_length=1)


class HubModel(Section):
    """A model of the hub with safetensors, at the commit and with the digests that the study's lock names."""

    source: Literal["hub"] = Field(description="selects this kind of model")
    id: str = Field(description="repository, such as `Qwen/Qwen2.5-0.5B-Instruct`")
    revision: str = Field("main", description="branch, tag or commit; `rftlab fetch` locks the commit it stands for")
    lock: SkipJsonSchema[ModelLock | None] = Field(None, description="what the lock says; never written by hand")

    @field_validator("id")
    @classmethod
    def _repository(cls, name: str) -> str:
        refuse_repository(name)
        return name

    def content(self) -> dict[str, Any]:
        """What the model stage is given: the commit, not the revision it was found by.

        Raises:
            BadInputError: the study has no lock.
        """
        if self.lock is None:
            raise BadInputError(f"{self.id}: not locked; `rftlab fetch STUDY` writes the lock")
        return {"source": "hub", "id": self.id, "commit": self.lock.commit, "files": self.lock.files}


Model = Annotated[
    Annotated[TinyModel, Tag("tiny")]
    | Annotated[GgufModel, Tag("gguf")]
    | Annotated[DirectoryModel, Tag("directory")]
    | Annotated[HubModel, Tag("hub")],
    by_source("tiny", "gguf", "directory", "hub"),
]


class DatasetKeys(Section):
    """What every training dataset has besides its source."""

    verifier: str | None = Field(
        None,
        description="a file of `rewards/verifiers/` that scores answers; default `choice` (multiple choice), `marked` "
        "(procedural), `exact` (reasoning-gym); of other data it must be named",
    )
    prompt: Prompt = Field(Prompt(), description="how a query becomes a prompt")


class EvaluationKeys(Section):
    """What every evaluation set has besides its queries."""

    split: Literal["validation", "test"] = Field(
        "test", description="validation sets choose a checkpoint, test sets report"
    )
    shift: str | None = Field(None, description="what is different from the training dataset, in a word or two")
    limit_queries: Count | None = Field(None, description="use the first so many queries")
    overlap: str | None = Field(
        None,
        min_length=1,
        description="why queries of it may be trained on as well; without a reason the study is refused",
    )
    verifier: str | None = Field(None, description="how answers are scored; by default as for a dataset")


class DatasetSplit(EvaluationKeys):
    """A split of a training dataset: the one kind of evaluation set that names no source."""

    dataset: str = Field(description="name of the dataset")


def with_source(keys: type[Section], suffix: str, *others: Any, default: str | None = None) -> Any:
    """A union of a section for each source of queries, told apart by the key ``source``: ``keys`` and the source's own.

    Args:
        keys: what all of these sections have besides their source.
        suffix: of the sections' names: ``JsonlDataset`` from ``JsonlSource``.
        others: further members of the union, tagged.
        default: tag of the one member that has no source.
    """
    members = list(others)
    for source in SOURCES:
        name = source.__name__.removesuffix("Source") + suffix
        section = create_model(name, __base__=(keys, source), __doc__=source.__doc__)
        members.append(Annotated[section, Tag(source_name(source))])
    return Annotated[Union[tuple(members)], by_source(*map(source_name, SOURCES), default=default)]  # noqa: UP007


def source_name(source: type[QuerySource]) -> str:
    """What selects a source in a study."""
    (name,) = get_args(source.model_fields["source"].annotation)
    return str(name)


if TYPE_CHECKING:

    class Dataset(DatasetKeys, QuerySource):
        """A training dataset from any source."""

    class OwnSet(EvaluationKeys, QuerySource):
        """An evaluation set with queries of its own."""

    EvaluationSet = DatasetSplit | OwnSet
else:
    Dataset = with_source(DatasetKeys, "Dataset")
    EvaluationSet = with_source(EvaluationKeys, "Set", Annotated[DatasetSplit, Tag("dataset")], default="dataset")
