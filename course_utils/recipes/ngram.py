"""The baseline that the pocket model must beat: an interpolated Kneser-Ney n-gram model on the same tokens.

    p_k(w | context) = max(c(context w) - D, 0) / c(context) + D · n(context) / c(context) · p_{k-1}(w | shorter context)

``c`` counts occurrences at the highest order and distinct left neighbours below it, ``n`` how many different tokens follow
the context, D = n1 / (n1 + 2 n2) from the numbers of n-grams counted once and twice (Kneser and Ney 1995; Chen and
Goodman 1999, section 4.1.6, the interpolated form).
"""

from __future__ import annotations

import numpy as np


def kneser_ney_loss(train: list[list[int]], held_out: list[list[int]], d_vocab: int, order: int = 5) -> float:
    """Mean loss in nats a token of ``held_out`` texts. The first token of each text is context only, as for the model."""
    texts = [*train, *held_out]
    pad = order - 2  # so that the second token of a text has a context of full length, its start repeated
    tokens = np.concatenate([[text[0]] * pad + text for text in texts])
    is_target = np.concatenate([[False] * (pad + 1) + [True] * (len(text) - 1) for text in texts])
    is_train = np.repeat(np.arange(len(texts)) < len(train), [len(text) + pad for text in texts])

    grams = [np.zeros(len(tokens), dtype=np.int64)]  # grams[k][i] numbers the k-gram that ends at token i
    for _ in range(order):
        shifted = np.concatenate([[0], grams[-1][:-1]])
        grams.append(np.unique(shifted * d_vocab + tokens, return_inverse=True)[1])

    seen, scored = np.flatnonzero(is_target & is_train), is_target & ~is_train
    p = np.full(scored.sum(), 1 / d_vocab)
    for k in range(1, order + 1):
        gram, context = grams[k], np.concatenate([[0], grams[k - 1][:-1]])
        n_contexts = context.max() + 1
        # below the highest order an n-gram counts once for each distinct left neighbour
        counted = seen if k == order else seen[np.unique(grams[k + 1][seen], return_index=True)[1]]
        count = np.bincount(gram[counted], minlength=gram.max() + 1)
        total = np.bincount(context[counted], minlength=n_contexts)
        distinct = seen[np.unique(gram[seen], return_index=True)[1]]
        followers = np.bincount(context[distinct], minlength=n_contexts)
        once, twice = max(1, (count == 1).sum()), (count == 2).sum()
        discount = once / (once + 2 * twice)
        c, t, n = count[gram[scored]], total[context[scored]], followers[context[scored]]
        known = t > 0
        p[known] = (np.maximum(c[known] - discount, 0) + discount * n[known] * p[known]) / t[known]
    return float(-np.log(p).mean())
