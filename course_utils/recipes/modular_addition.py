"""Train the network that adds modulo a prime until it groks: `python -m course_utils.recipes.modular_addition --out runs/modular_addition`.

Full batch, 40% of all pairs, AdamW with weight decay 1 (Nanda et al. 2023, section 3, arXiv 2301.05217). It remembers
its training pairs within a few hundred steps and understands addition thousands of steps later. Logs to stdout; writes
a checkpoint as it goes and takes up from it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from course_utils.plots import figure_png, plot_grokking
from course_utils.worlds import ModularTransformer, all_pairs, fourier_basis, frequency_power, training_rows

P, SHARE, SEED = 67, 0.4, 0
D_MODEL, D_MLP = 64, 256
LR, WEIGHT_DECAY, BETAS, WARM_UP = 1e-3, 1.0, (0.9, 0.98), 10


def train(out: Path, steps: int, log_every: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    model = ModularTransformer(P, D_MODEL, d_mlp=D_MLP, seed=SEED)
    pairs, trained = all_pairs(P), training_rows(P, SHARE, seed=SEED)
    sums = pairs.sum(dim=1) % P
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, betas=BETAS)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WARM_UP))
    history: list[dict] = []
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        history = saved["history"]

    for step in range(history[-1]["step"] if history else 0, steps + 1):
        if step % log_every == 0 and not (history and history[-1]["step"] == step):
            history.append(measure(model, pairs, sums, trained, step))
            print(json.dumps(history[-1]), flush=True)
            if step % (10 * log_every) == 0:
                parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
                state = {name: part.state_dict() for name, part in parts.items()}
                torch.save({**state, "history": history}, checkpoint)
        if step == steps:
            break
        # in double precision: once the loss is tiny, float32's log-softmax would round the gradient away
        loss = cross_entropy(model(pairs[trained]).double(), sums[trained])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    save_file(
        {name: value.detach().half() for name, value in model.state_dict().items()}, out / "model.safetensors"
    )
    (out / "history.json").write_text(json.dumps(history) + "\n", encoding="utf-8")
    at, train_accuracy, held_out_accuracy = (
        [row[key] for row in history] for key in ("step", "train_accuracy", "held_out_accuracy")
    )
    (out / "grokking.png").write_bytes(figure_png(plot_grokking(at, train_accuracy, held_out_accuracy)))


@torch.no_grad()
def measure(model: ModularTransformer, pairs, sums, trained, step: int) -> dict:
    """Losses in nats, accuracies, and the share of the embedding's power in its five strongest frequencies."""
    logits = model(pairs).double()
    right = (logits.argmax(dim=1) == sums).float()
    power = frequency_power(model.W_E[:-1], fourier_basis(P))[1:]
    return {
        "step": step,
        "train_loss": cross_entropy(logits[trained], sums[trained]).item(),
        "held_out_loss": cross_entropy(logits[~trained], sums[~trained]).item(),
        "train_accuracy": right[trained].mean().item(),
        "held_out_accuracy": right[~trained].mean().item(),
        "top_5_share": (power.topk(5).values.sum() / power.sum()).item(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/modular_addition"))
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--log-every", type=int, default=100)
    a = parser.parse_args()
    train(a.out, a.steps, a.log_every)
