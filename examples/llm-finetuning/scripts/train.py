"""Fine-tune the base model with LoRA: its own weights stay, small matrices beside them learn.

In: the channels `base_model` (the model's files) and falcon-Preprocessing-train (train.jsonl, validation.jsonl), and the
hyperparameters as `--name value`.
Out, in the model folder: adapter/ (what was learnt), the merged model that serves, and code/ (the serving code).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

import base_model
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

DATA_CHANNEL = "falcon-Preprocessing-train"
MODEL_CHANNEL = "base_model"
# All linear layers of a Falcon block.
TARGETS = ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]
SERVING_CODE = ("inference.py", "base_model.py", "prompts.py")

Examples = list[dict[str, list[int]]]


def hyperparameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name", default="", help="for the log; the files come through the channel")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--learning_rate", type=float, default=2e-4)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--lora_r", type=int, default=16)
    parser.add_argument("--lora_alpha", type=int, default=32)
    parser.add_argument("--lora_dropout", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def channel(name: str) -> Path:
    return Path(os.environ.get(f"SM_CHANNEL_{name.upper()}", f"/opt/ml/input/data/{name}"))


def read(name: str) -> Examples:
    lines = (channel(DATA_CHANNEL) / name).read_text(encoding="utf-8").splitlines()
    return [{**example, "attention_mask": [1] * len(example["input_ids"])} for example in map(json.loads, lines)]


def with_lora(model: torch.nn.Module, options: argparse.Namespace) -> PeftModel:
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=options.lora_r,
        lora_alpha=options.lora_alpha,
        lora_dropout=options.lora_dropout,
        target_modules=TARGETS,
    )
    return get_peft_model(model, lora)


def arguments(options: argparse.Namespace, scratch: str) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=options.epochs,
        learning_rate=options.learning_rate,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=options.batch_size,
        gradient_accumulation_steps=options.gradient_accumulation_steps,
        lr_scheduler_type="cosine",
        warmup_steps=10,
        bf16=on_gpu,
        gradient_checkpointing=on_gpu,
        eval_strategy="epoch",
        logging_steps=20,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=options.seed,
    )


def fine_tune(options: argparse.Namespace, adapter: Path) -> None:
    """Trains, says the loss before and after, and saves the adapter."""
    source = channel(MODEL_CHANNEL)
    tokenizer, model = base_model.load_tokenizer(source), with_lora(base_model.load_model(source), options)
    model.config.use_cache = False
    model.enable_input_require_grads()  # or checkpointed activations have no gradient to pass on
    trained, total = model.get_nb_trainable_parameters()
    print(f"model={options.model_name} parameters={total} trained={trained}")
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model,
            arguments(options, scratch),
            DataCollatorForSeq2Seq(tokenizer),
            train_dataset=read("train.jsonl"),
            eval_dataset=read("validation.jsonl"),
        )
        before = trainer.evaluate()["eval_loss"]
        trainer.train()
        after = trainer.evaluate()["eval_loss"]
    model.save_pretrained(adapter)
    print(f"validation_loss_before={before:.4f} validation_loss={after:.4f}")


def merge(adapter: Path, folder: Path) -> None:
    """Adds what was learnt to the base model's weights: what serves is one model, and needs nothing else."""
    source = channel(MODEL_CHANNEL)
    merged = PeftModel.from_pretrained(base_model.load_model(source, on_cpu=True), str(adapter)).merge_and_unload()
    merged.save_pretrained(folder)
    base_model.load_tokenizer(source).save_pretrained(folder)


def add_serving_code(folder: Path) -> None:
    """The registry section says ModelRepack "False": a model of this size is not packed twice."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SERVING_CODE:
        shutil.copy(Path(__file__).resolve().parent / name, folder / name)


def main() -> None:
    options = hyperparameters()
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    torch.manual_seed(options.seed)
    fine_tune(options, folder / "adapter")
    merge(folder / "adapter", folder)
    add_serving_code(folder / "code")


if __name__ == "__main__":
    main()
