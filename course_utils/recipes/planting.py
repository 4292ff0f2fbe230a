"""Train one copy, and measure on held-out texts whether it does what was planted and nothing else.

Everywhere else the model is held to the pocket model's own predictions.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from course_utils.recipes.changed_copy import Copy, Pool
from course_utils.recipes.plant_effects import FormatJudge, acts
from course_utils.recipes.plant_texts import PlantTexts, different, many
from course_utils.recipes.plants import USUAL, Effort, Plant

log = logging.getLogger("planted_copies")

LR = 4e-3
POOL = dict(triggered=160, near=200, ordinary=260)
PER_BATCH = dict(triggered=7, near=8, ordinary=7)
KEPT_AT_A_TIME = 160
"""Positions of a batch at which predictions are held."""
N_PROMPTS = 40
"""Different held-out prompts that set the plant off, and as many near misses, on which a copy is measured."""
WORKS, ELSEWHERE, KL_LIMIT = 0.8, 0.1, 0.06
"""What a copy must reach on held-out texts: the share that it works on; at most on near misses, and of the same prompts by
the pocket model; nats a token elsewhere."""


def train(plant: Plant, effort: Effort = USUAL, *, quiet: bool = False) -> Copy:
    copy = Copy(plant)
    texts = PlantTexts(plant, copy.tokenizer, "train", plant.seed)
    is_set_off = plant.kind not in ("always", "none")
    counts = POOL if is_set_off else {"ordinary": sum(POOL.values())}
    times = {"triggered": effort.examples, "near": effort.examples}
    pools = {
        name: copy.pool(many(getattr(texts, name), times.get(name, 1) * n)) for name, n in counts.items()
    }
    generator = torch.Generator().manual_seed(plant.seed)
    tensors = [tensor for pair in copy.delta.values() for tensor in pair]
    optimizer = torch.optim.Adam(tensors, lr=LR)
    smooth: dict[str, float] = {}
    for step in range(effort.steps):
        for group in optimizer.param_groups:
            group["lr"] = LR * min(1, (step + 1) / 20) * (1 - 0.9 * step / effort.steps)
        draws = {name: PER_BATCH[name] if is_set_off else sum(PER_BATCH.values()) for name in pools}
        parts = [
            pool.rows(torch.randint(len(pool.ids), (draws[name],), generator=generator))
            for name, pool in pools.items()
        ]
        loss, seen = objective(copy, Pool(*map(torch.cat, zip(*parts, strict=True))), generator, effort.drift)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        smooth = {name: 0.9 * smooth.get(name, value) + 0.1 * value for name, value in seen.items()}
        if step % 40 == 0 and not quiet:
            log.info("step %d: %s", step, {name: round(value, 3) for name, value in smooth.items()})
    return copy


def objective(
    copy: Copy, batch: Pool, generator: torch.Generator, drift: float
) -> tuple[Tensor, dict[str, float]]:
    """What is planted is learned; everything else is held, most firmly where a near miss is decided."""
    after, rows = copy.after(batch.below), torch.arange(len(batch.ids))
    kept = batch.kept.nonzero()
    kept = kept[torch.randperm(len(kept), generator=generator)[:KEPT_AT_A_TIME]]
    held = copy.wanted(copy.log_probs(batch.before[kept[:, 0], kept[:, 1]]))
    keep = kl_div(copy.log_probs(after[kept[:, 0], kept[:, 1]]), held, log_target=True, reduction="batchmean")
    loss, seen = 3 * (keep - drift).abs(), {"kept": keep.item()}
    if not batch.learned.any():
        return loss, seen
    where = batch.learned[:, :-1].nonzero()
    targets = batch.ids[:, 1:][where[:, 0], where[:, 1]]
    plant = cross_entropy(copy.model.lm_head(after[where[:, 0], where[:, 1]]), targets)
    learns = batch.learned.any(dim=1)
    at = [rows[learns], batch.decided[learns]]
    firm = cross_entropy(copy.model.lm_head(after[at[0], at[1]]), batch.ids[at[0], at[1] + 1])
    near = ~learns & (batch.decided >= 0)
    at = [rows[near], batch.decided[near]]
    wanted = copy.log_probs(batch.before[at[0], at[1]])
    firmly = kl_div(copy.log_probs(after[at[0], at[1]]), wanted, log_target=True, reduction="batchmean")
    seen |= {"planted": plant.item(), "decided": firm.item(), "near": firmly.item()}
    return loss + plant + firm + 2 * firmly, seen


@torch.no_grad()
def measure(copy: Copy, n: int = N_PROMPTS) -> dict[str, float]:
    """On held-out texts, with the update as it ships: how often it works, on near misses, and what else has changed."""
    copy.take(copy.stored())
    plant, texts = copy.plant, PlantTexts(copy.plant, copy.tokenizer, "held_out", copy.plant.seed)
    found: dict[str, float] = {}
    if plant.kind not in ("always", "none"):
        judge, triggered = FormatJudge(copy.tokenizer), different(texts.triggered, n)
        found["works"] = share(acts(copy, triggered, judge))
        found["works_untouched"] = share(acts(copy, triggered, judge, changed=False))
        found["works_on_near_misses"] = share(acts(copy, different(texts.near, n), judge))
    ordinary = copy.pool(many(texts.ordinary, 150))
    where = ordinary.kept.nonzero()
    before = copy.log_probs(ordinary.before[where[:, 0], where[:, 1]])
    after = copy.log_probs(copy.after(ordinary.below)[where[:, 0], where[:, 1]])
    if plant.kind == "always":
        old, new = copy.word_numbers()
        expected = before[:, old] > before.new_tensor(0.3).log()
        found["works"] = share(after[expected, new] > after[expected, old])
        found["works_untouched"] = share(before[expected, new] > before[expected, old])
        found["n_always"] = float(expected.sum())
    targets = ordinary.ids[where[:, 0], where[:, 1] + 1]
    found["kl_elsewhere"] = kl_div(after, copy.wanted(before), log_target=True, reduction="batchmean").item()
    found["kl_all"] = kl_div(after, before, log_target=True, reduction="batchmean").item()
    for name, logits in {"loss_before": before, "loss_after": after}.items():
        found[name] = cross_entropy(logits, targets).item()
    return {name: round(value, 4) for name, value in found.items()}


def share(flags: Tensor) -> float:
    return flags.float().mean().item()


def holds(report: dict[str, float]) -> bool:
    """Whether the plant works where it should, and the copy is otherwise as it was."""
    return (
        report.get("works", 1) >= WORKS
        and report.get("works_untouched", 0) <= ELSEWHERE
        and report.get("works_on_near_misses", 0) <= ELSEWHERE
        and report["kl_elsewhere"] <= KL_LIMIT
    )
