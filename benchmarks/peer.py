"""Worker: rounds of TRL's GRPOTrainer, its defaults but for what would make the work another. ``peer.py WORK``."""

from __future__ import annotations

import sys
import tempfile
import time
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer
from work import Work, answering, requests

FOREVER = 1_000_000


class OnRequest(TrainerCallback):
    """Holds every step back until a round is asked for, and answers with its seconds."""

    def __init__(self, timings: dict[str, float]) -> None:
        self.requests, self.answer, self.timings = requests(), answering(), timings

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if next(self.requests, None) is None:
            sys.exit()
        self.started = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        whole, sample_s = time.perf_counter() - self.started, self.timings["sample_s"]
        self.answer({**self.timings, "update_s": whole - sample_s, "trained": self.timings["rows"]})


class Trainer(GRPOTrainer):
    """Notes how long its own sampling and scoring take."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.timings: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        started = time.perf_counter()
        output = super()._generate_and_score_completions(inputs)
        self.timings.update(
            sample_s=time.perf_counter() - started,
            rows=len(output["completion_ids"]),
            tokens=int(output["completion_mask"].sum()),
        )
        return output


def main() -> None:
    """Train for ever, a step at a time."""
    work = Work.load(sys.argv[1])
    torch.set_num_threads(work.threads)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(work.model)
    model = AutoModelForCausalLM.from_pretrained(work.model, dtype=torch.float32)
    rollouts = work.queries * work.rollouts
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=rollouts,
        gradient_accumulation_steps=1,
        num_generations=work.rollouts,
        max_completion_length=work.new_tokens,
        generation_kwargs={"min_new_tokens": work.new_tokens} if work.forced else None,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        learning_rate=1e-6,
        lr_scheduler_type="constant",
        max_grad_norm=1.0,
        beta=0.0,
        max_steps=FOREVER,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        shuffle_dataset=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )

    def reward(completions: list[str], **_: Any) -> list[float]:
        return work.rewards()

    trainer = Trainer(
        model=model,
        reward_funcs=reward,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": text} for text in work.prompts]),
        processing_class=tokenizer,
    )
    trainer.add_callback(OnRequest(trainer.timings))
    trainer.train()


if __name__ == "__main__":
    main()
