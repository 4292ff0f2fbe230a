"""The sceptic's list: what the seven days asked of every claim about a unit."""

from __future__ import annotations

from course_utils.capstone.points import QUESTION, Note
from course_utils.capstone.report_file import Report, one_line

SCEPTIC = {
    "n": "How many texts have you looked at, and on how many of them does it fire?",
    "luck": "How well does the best of as many neurons do by luck, on shuffled labels?",
    "other_neuron": "Does another neuron of the same layer do as well?",
    "other_layer": "Does a neuron of another layer do better?",
    "random_direction": "How well does a random direction of the same layer do?",
    "latent": "Does a latent of the shipped dictionary do better?",
    "low_activations": "Of its weak firings, what share fits the explanation?",
    "misses": "Of the texts that fit the explanation, on what share is it silent?",
    "held_out": "Does the explanation hold on texts that did not choose it?",
    "simple_rule": "Does a simpler rule tell as much: one word, a sign, the length of the text?",
    "other_form": "Does it hold where the same subject comes in another form?",
    "ablation": "Held at zero, what does the model lose on texts that fit, and on others?",
}
LEAST_WORDS = 5
"""Of what an answer says beside its line."""


def judge_answers(report: Report, answers: object) -> tuple[list[Note], list[str]]:
    """A note for the answers that hold, and a sentence for each that does not."""
    given = answers if isinstance(answers, dict) else {}
    good, missing, used = 0, [], set()
    for key, question in SCEPTIC.items():
        why = _amiss(report, given.get(key), used)
        if why:
            missing.append(f"answers[{key!r}]: {why}. {question}")
        else:
            good += 1
    note = Note(
        good * QUESTION, f"{good} of {len(SCEPTIC)} of the sceptic's questions have an answer with a number"
    )
    return [note], missing


def _amiss(report: Report, answer: object, used: set[str]) -> str | None:
    if answer in (None, "", (), []):
        return "not answered"
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        return "two texts are asked, the line that a cell printed and what it means"
    line, meaning = answer
    if why := report.no_evidence(line):
        return why
    if one_line(line) in used:
        return "the same line answers another question"
    if not isinstance(meaning, str) or len(set(meaning.split())) < LEAST_WORDS:
        return f"what the line means takes {LEAST_WORDS} words at least"
    used.add(one_line(line))
    return None
