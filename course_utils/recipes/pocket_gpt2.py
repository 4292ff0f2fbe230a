"""Train the pocket GPT-2 on the labelled corpus: `python -m course_utils.recipes.pocket_gpt2 --out runs/pocket`.

GPT-2's own architecture from transformers, small. Rows of 256 tokens are packed from whole texts, each behind
``<|endoftext|>``, so that a text at the start of a prompt looks as it did in training. Hidden matrices learn by Muon,
the rest by AdamW. Runs on a GPU if there is one, else on the CPU in bfloat16; stop it at any time and start it again
with the same command: it goes on from its last checkpoint. A second stage takes up a finished model on more text:
``--start FOLDER --format-share 0.35`` shows it every topical text in each epoch and a third of the formats, which it
learned long before.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from bisect import bisect_right, insort
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from course_utils.lm import load_texts

END_OF_TEXT = "<|endoftext|>"
CONFIG: dict[str, Any] = dict(vocab_size=8192, n_positions=256, n_embd=256, n_layer=5, n_head=8)


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE as GPT-2's, with ``CONFIG['vocab_size']`` entries; ``<|endoftext|>`` is 0."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=CONFIG["vocab_size"],
            special_tokens=[END_OF_TEXT],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    special = dict(bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, model_max_length=CONFIG["n_positions"], **special)


def encode_texts(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    """Token numbers of each text, ``<|endoftext|>`` first, cut to one row."""
    end: Any = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    all_ids: Any = tokenizer(texts)["input_ids"]
    return [[end, *ids[: CONFIG["n_positions"] - 1]] for ids in all_ids]


def packed_rows(encoded: list[list[int]], pool_size: int = 512, *, seed: int) -> Tensor:
    """One epoch as rows (n_rows, n_positions): shuffled whole texts, each row filled with the longest that still fit.

    What stays empty is ``<|endoftext|>``; with many short sentences among the texts that is about 2% of the tokens.
    """
    width = CONFIG["n_positions"]
    order = torch.randperm(len(encoded), generator=torch.Generator().manual_seed(seed)).tolist()
    pool: list[tuple[int, int]] = []  # (length, text), sorted
    rows, row = [], []
    while order or pool:
        while order and len(pool) < pool_size:
            text = order.pop()
            insort(pool, (len(encoded[text]), text))
        fits = bisect_right(pool, (width - len(row), len(encoded)))
        if fits:
            row += encoded[pool.pop(fits - 1)[1]]
        else:
            rows.append(row + [encoded[0][0]] * (width - len(row)))
            row = []
    if row:
        rows.append(row + [encoded[0][0]] * (width - len(row)))
    rows = torch.tensor(rows, dtype=torch.long)
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed + 1))]


def batches(
    topical: list[list[int]],
    formats: list[list[int]],
    format_share: float,
    batch_size: int,
    first: int,
    *,
    seed: int,
) -> Iterator[Tensor]:
    """Batches of rows from number ``first`` on, epoch after epoch without end; each draws its share of the formats anew."""
    epoch = seen = 0
    while True:
        drawn = torch.randperm(len(formats), generator=torch.Generator().manual_seed(seed + epoch)).tolist()
        encoded = topical + [formats[i] for i in drawn[: round(format_share * len(formats))]]
        rows = packed_rows(encoded, seed=seed + 1000 * epoch)
        for start in range(0, len(rows) - batch_size + 1, batch_size):
            if seen >= first:
                yield rows[start : start + batch_size]
            seen += 1
        epoch += 1


def next_token_loss(model: GPT2LMHeadModel, ids: Tensor) -> Tensor:
    """Mean loss in nats a token; the padding behind the last text of a row does not count."""
    with torch.autocast(ids.device.type, torch.bfloat16):
        logits = model(ids, use_cache=False).logits
    targets = ids[:, 1:].masked_fill((ids[:, 1:] == 0) & (ids[:, :-1] == 0), -100)
    return cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]).float(), targets.reshape(-1), ignore_index=-100
    )


def learning_rate(step: int, steps: int, peak: float, warmup: int = 100) -> float:
    """Linear warm-up, then a cosine down to 2% of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))))


def train(
    out: Path,
    start: Path | None,
    steps: int,
    batch_size: int,
    peak: float,
    dropout: float,
    format_share: float,
    *,
    seed: int,
    device: str,
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    texts = {split: load_texts(split) for split in ("train", "held_out")}
    tokenizer = (
        PreTrainedTokenizerFast.from_pretrained(start)
        if start
        else train_tokenizer([t.text for t in texts["train"]])
    )
    tokenizer.save_pretrained(out)
    encoded = {split: encode_texts(tokenizer, [t.text for t in some]) for split, some in texts.items()}
    topical, formats = (
        [e for e, t in zip(encoded["train"], texts["train"], strict=True) if (t.group == "format") == wanted]
        for wanted in (False, True)
    )
    held_out = packed_rows(encoded["held_out"], seed=seed)[:64].to(device)
    print(
        f"training tokens: {sum(map(len, topical)):,} on topics, {sum(map(len, formats)):,} in formats",
        flush=True,
    )

    torch.manual_seed(seed)
    rates: dict[str, Any] = dict(resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=0.0)
    if start:
        model = GPT2LMHeadModel.from_pretrained(start, **rates, dtype=torch.float32)
    else:
        model = GPT2LMHeadModel(GPT2Config(**CONFIG, **rates, bos_token_id=0, eos_token_id=0))
    model = cast(GPT2LMHeadModel, torch.nn.Module.to(model, device))
    hidden = [p for p in model.transformer.h.parameters() if p.ndim == 2]
    others = [
        p for name, p in model.named_parameters() if p.ndim < 2 or not name.startswith("transformer.h.")
    ]
    optimisers = [
        torch.optim.Muon(hidden, lr=peak, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=peak, betas=(0.9, 0.98), weight_decay=0.01, fused=True),
    ]
    curve: list[dict[str, float]] = (
        json.loads((start / "loss_curve.json").read_text(encoding="utf-8")) if start else []
    )
    steps_before, spent = (curve[-1]["step"], curve[-1]["seconds"]) if curve else (0, 0.0)
    stage = curve[-1]["stage"] + 1 if curve else 1
    step, checkpoint = 0, out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        step, spent, curve = saved["step"], saved["seconds"], saved["curve"]

    loss_of = torch.compile(next_token_loss)
    began = saved_at = time.time()
    bar = tqdm(total=steps, initial=step, mininterval=10, unit="step")
    for ids in batches(topical, formats, format_share, batch_size, first=step, seed=seed):
        if step >= steps:
            break
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, steps, peak)
        model.train()
        loss = loss_of(model, ids.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        step += 1
        bar.update()
        if step % 200 == 0 or step == steps:
            model.eval()
            with torch.no_grad():
                held = torch.stack([next_token_loss(model, b) for b in held_out.split(16)]).mean().item()
            seconds = spent + time.time() - began
            curve.append(
                dict(
                    stage=stage,
                    step=steps_before + step,
                    seconds=round(seconds),
                    train=loss.item(),
                    held_out=held,
                )
            )
            (out / "loss_curve.json").write_text(json.dumps(curve), encoding="utf-8")
            bar.set_postfix(train=f"{loss.item():.3f}", held_out=f"{held:.3f}")
        if time.time() - saved_at > 120 or step == steps:
            state = dict(model=model.state_dict(), optimisers=[o.state_dict() for o in optimisers], step=step)
            torch.save(
                {**state, "seconds": spent + time.time() - began, "curve": curve}, out / "checkpoint.tmp"
            )
            (out / "checkpoint.tmp").replace(checkpoint)
            saved_at = time.time()
    bar.close()
    torch.nn.Module.to(model, "cpu", torch.float16)
    model.save_pretrained(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/pocket"))
    parser.add_argument("--start", type=Path, help="folder of a model to take up, tokenizer included")
    parser.add_argument("--steps", type=int, default=4600)
    parser.add_argument("--batch-size", type=int, default=24, help="rows of 256 tokens")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--format-share", type=float, default=1.0, help="of the formats, in each epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = parser.parse_args()
    train(
        a.out, a.start, a.steps, a.batch_size, a.lr, a.dropout, a.format_share, seed=a.seed, device=a.device
    )
