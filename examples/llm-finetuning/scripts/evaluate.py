"""Judge the fine-tuned model, and the base model beside it, on dialogues that neither has seen.

In: the base model's files (input `base_model`), model.tar.gz of falcon-Training, of which the adapter is read, and test.jsonl of
falcon-Preprocessing. GENERATED is how many of the dialogues are summarised to be scored; the losses are those of all.
Out: model_evaluation_metrics.json with loss, perplexity, ROUGE-1 and ROUGE-L, before and after.
"""

from __future__ import annotations

import json
import math
import os
import tarfile
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

import base_model
import inference
import torch
from peft import PeftModel
from text_scores import rouge_l, rouge_n
from transformers import PreTrainedModel, PreTrainedTokenizerBase

INPUT = Path("/opt/ml/processing/input")
BASE_MODEL = INPUT / "base_model"
ARTIFACT = INPUT / "falcon-Training-test" / "model.tar.gz"
EXAMPLES = INPUT / "falcon-Preprocessing-test" / "test.jsonl"
REPORT = Path("/opt/ml/processing/output/model_evaluation_metrics.json")

Example = dict[str, Any]


def unpack_adapter(folder: Path) -> Path:
    """The adapter alone: the merged model beside it in the archive can be very large."""
    with tarfile.open(ARTIFACT) as archive:
        for member in archive:
            name = Path(member.name)
            stream = archive.extractfile(member) if name.parent.name == "adapter" else None
            if stream:
                (folder / name.name).write_bytes(stream.read())
    if not any(folder.iterdir()):
        raise FileNotFoundError(f"{ARTIFACT} holds no adapter")
    return folder


@torch.inference_mode()
def loss(model: PreTrainedModel, examples: list[Example]) -> float:
    """The mean over the tokens of all summaries, however they are spread over the examples."""
    total, count = 0.0, 0
    for example in examples:
        tokens, labels = (torch.tensor([example[key]], device=model.device) for key in ("input_ids", "labels"))
        learnt = int((labels[:, 1:] != -100).sum())
        total, count = total + float(model(input_ids=tokens, labels=labels).loss) * learnt, count + learnt
    return total / count


def measure(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: list[Example], generated: int
) -> dict[str, float]:
    mean = loss(model, examples)
    pairs = [(inference.predict_fn(one["dialogue"], (model, tokenizer)), one["summary"]) for one in examples[:generated]]
    for written, wanted in pairs[:3]:
        print(f"wanted:  {wanted}\nwritten: {written[:200]}")
    return {
        "eval_loss": mean,
        "perplexity": math.exp(mean),
        "rouge_1": fmean(rouge_n(written, wanted) for written, wanted in pairs),
        "rouge_l": fmean(rouge_l(written, wanted) for written, wanted in pairs),
    }


def main() -> None:
    examples = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
    generated = int(os.environ.get("GENERATED", "25"))
    tokenizer, base = base_model.load_tokenizer(BASE_MODEL), base_model.load_model(BASE_MODEL)
    with tempfile.TemporaryDirectory() as folder:
        model = PeftModel.from_pretrained(base, str(unpack_adapter(Path(folder)))).eval()
    with model.disable_adapter():
        before = measure(model, tokenizer, examples, generated)
    after = measure(model, tokenizer, examples, generated)
    figures = {**after, **{f"{name}_before": value for name, value in before.items()}}
    report = {"text_generation_metrics": {name: {"value": value} for name, value in figures.items()}}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(" ".join(f"{name}={value:.4f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
