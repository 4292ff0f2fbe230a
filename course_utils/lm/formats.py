"""Texts written by code: citations, HTTP requests, Korean, chess … Endless, deterministic, labelled by construction.

A topic is what a text is about; a format is what it looks like. Formats are where a language model's neurons mix things
that have nothing to do with one another, and here we know which is which because we wrote them. Names, addresses and
figures in them are drawn at random and mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from course_utils.base import require_choice
from course_utils.lm.program_formats import (
    base64_block,
    dna,
    email_header,
    http_request,
    latex,
    log_lines,
    python_code,
    sql,
)  # fmt: skip
from course_utils.lm.words import METHODS, NAMES, SUBJECTS, SURNAMES, THINGS

_SETTINGS = [
    "in young adults",
    "in rural areas",
    "under stress",
    "in northern Europe",
    "at low temperatures",
    "in mice",
    "across cities",
    "in shallow water",
    "over two decades",
    "in primary schools",
    "using deep networks",
    "in clinical practice",
]
_FIELDS = [
    "Biology",
    "Physics",
    "Psychology",
    "Geology",
    "Economics",
    "Linguistics",
    "Chemistry",
    "Medicine",
    "Ecology",
    "Statistics",
]


def citation(r: Random) -> str:
    def one() -> str:
        authors = [f"{r.choice(SURNAMES)}, {r.choice('ABCDEFGHJKLMNPRST')}." for _ in range(r.randint(1, 4))]
        who = authors[0] if len(authors) == 1 else ", ".join(authors[:-1]) + ", & " + authors[-1]
        year, volume, page = r.randint(1968, 2023), r.randint(2, 98), r.randint(1, 900)
        title = f"{r.choice(METHODS)} {r.choice(SUBJECTS)} {r.choice(_SETTINGS)}"
        journal = r.choice(
            ("Journal of {}", "Annals of {}", "{} Letters", "Archives of {}", "Trends in {}")
        ).format(r.choice(_FIELDS))
        end = (
            f" https://doi.org/10.{r.randint(1000, 1200)}/{r.randint(10000, 99999)}"
            if r.random() < 0.4
            else ""
        )
        return f"{who} ({year}). {title}. {journal}, {volume}({r.randint(1, 12)}), {page}–{page + r.randint(3, 30)}.{end}"

    return "\n".join(one() for _ in range(r.randint(1, 3)))


_KO_PEOPLE = [
    "저",
    "친구",
    "어머니",
    "아버지",
    "선생님",
    "동생",
    "할머니",
    "학생",
    "의사",
    "아이",
    "형",
    "누나",
    "우리",
    "지민",
    "민수",
    "수진",
]
_KO_TIMES = [
    "오늘",
    "어제",
    "아침에",
    "저녁에",
    "주말에",
    "지난주에",
    "매일",
    "밤에",
    "여름에",
    "겨울에",
    "점심에",
    "토요일에",
]
_KO_PLACES = ["학교", "집", "시장", "도서관", "공원", "서울", "부산", "바다", "병원", "식당", "산", "회사"]
_KO_VERBS_AND_OBJECTS = {
    "먹었어요 만들었어요 샀어요 좋아해요 나누었어요": "밥 김치 빵 사과 국수 떡 생선 과일 불고기",
    "마셨어요 샀어요 준비했어요 좋아해요": "물 커피 차 우유 주스",
    "읽었어요 샀어요 빌렸어요 썼어요": "책 편지 신문 소설 시",
    "들었어요 좋아해요 불렀어요 배웠어요": "노래 음악 한국어 피아노",
    "봤어요 찍었어요 좋아해요 그렸어요": "영화 사진 그림 꽃 하늘 고양이",
}
_KO_ACTS = [(verbs.split(), objects.split()) for verbs, objects in _KO_VERBS_AND_OBJECTS.items()]
_KO_END = "날씨가 아주 좋아요. 정말 재미있어요. 그래서 기분이 좋았어요. 조금 피곤해요. 비가 많이 왔어요. 다시 가고 싶어요. 감사합니다. 맛있었어요."
_KO_END = [s.strip() + "." for s in _KO_END.split(".") if s.strip()]


def _particle(noun: str, after_consonant: str, after_vowel: str) -> str:
    """The noun with the particle for its last syllable: Hangul syllables that end in a vowel are multiples of 28."""
    return noun + (after_consonant if (ord(noun[-1]) - 0xAC00) % 28 else after_vowel)


def korean(r: Random) -> str:
    def one() -> str:
        who = _particle(r.choice(_KO_PEOPLE), "은", "는")
        when = r.choice(_KO_TIMES)
        if r.random() < 0.25:
            return f"{who} {when} {r.choice(_KO_PLACES)}에 {r.choice(('갔어요', '왔어요', '있었어요'))}."
        verbs, objects = r.choice(_KO_ACTS)
        what = _particle(r.choice(objects), "을", "를")
        where = f" {r.choice(_KO_PLACES)}에서" if r.random() < 0.5 else ""
        start = f"{when} {who}" if r.random() < 0.4 else f"{who} {when}"
        return f"{start}{where} {what} {r.choice(verbs)}."

    sentences = [one() for _ in range(r.randint(2, 4))]
    if r.random() < 0.6:
        sentences.append(r.choice(_KO_END))
    return " ".join(sentences)


_TALK = (
    (
        "Where did you put the {o}?",
        "It is next to the {p}.",
        "I gave it to my brother.",
        "I have not seen it since {d}.",
    ),
    (
        "Are you coming to the {p} on {d}?",
        "Yes, I will be there at {n}.",
        "No, I have to work that day.",
        "Only if you bring the {o}.",
    ),
    (
        "Did you like the {o}?",
        "It was the best one I ever had.",
        "Not really, it was too small.",
        "I would buy it again.",
    ),
    (
        "How much is this {o}?",
        "It costs {n} dollars.",
        "You can have it for {n} dollars.",
        "That one is not for sale.",
    ),
    (
        "What time does the {p} open?",
        "At {n} in the morning.",
        "It is closed on {d}.",
        "I think it opens at {n}.",
    ),
    (
        "Can you help me with the {o}?",
        "Of course, give me a minute.",
        "Sorry, I am late for the {p}.",
        "Ask me again on {d}.",
    ),
    ("Who broke the {o}?", "It was not me!", "I think the cat did it.", "It was already broken on {d}."),
    (
        "Have you ever been to the {p}?",
        "Yes, {n} times.",
        "Never, but I want to go.",
        "We went there last {d}.",
    ),
)
_PLACES = [
    "library",
    "station",
    "market",
    "park",
    "museum",
    "office",
    "beach",
    "school",
    "bakery",
    "garden",
    "theatre",
    "hospital",
    "river",
]
_LONG_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_REPLIES = (
    "Thank you!",
    "That is good to know.",
    "Are you sure?",
    "I see.",
    "What a pity.",
    "Let us go, then.",
    "Oh, really?",
    "All right.",
)


def dialogue(r: Random) -> str:
    first, second = (n.upper() for n in r.sample(NAMES, 2))
    lines = []
    for _ in range(r.randint(2, 4)):
        question, *answers = r.choice(_TALK)
        slots = dict(o=r.choice(THINGS), p=r.choice(_PLACES), d=r.choice(_LONG_DAYS), n=r.randint(2, 12))
        lines.append(f"{first}: {question.format(**slots)}")
        lines.append(f"{second}: {r.choice(answers).format(**slots)}")
        if r.random() < 0.5:
            lines.append(f"{first}: {r.choice(_REPLIES)}")
    return "\n".join(lines)


_FOODS = [
    "flour",
    "sugar",
    "butter",
    "milk",
    "rice",
    "onions",
    "carrots",
    "tomatoes",
    "cream",
    "honey",
    "olive oil",
    "grated cheese",
    "chopped garlic",
    "lemon juice",
    "chicken stock",
    "dried thyme",
    "cinnamon",
    "black pepper",
    "white beans",
]
_UNITS = ["g", "ml", "cups", "cup", "tbsp", "tsp", "pinches of", "slices of", "oz", "handfuls of"]
_STEPS = (
    "Preheat the oven to {t} °C.", "Mix the {a} and the {b} in a large bowl.", "Add the {a} and stir for {m} minutes.", "Bake for {m} minutes until golden.",
    "Bring to the boil, then simmer for {m} minutes.", "Season with {a} and serve warm.", "Fold in the {a}.", "Leave to rest for {m} minutes.",
)  # fmt: skip


def recipe(r: Random) -> str:
    foods = r.sample(_FOODS, r.randint(4, 6))
    amounts = [
        f"- {r.choice(('1', '2', '3', '1/2', '1/4', '100', '250', '500', '1 1/2'))} {r.choice(_UNITS)} {food}"
        for food in foods
    ]
    steps = [
        f"{i}. "
        + r.choice(_STEPS).format(
            a=r.choice(foods), b=r.choice(foods), m=r.randint(2, 60), t=r.randrange(150, 250, 10)
        )
        for i in range(1, r.randint(3, 4) + 1)
    ]
    head = f"Serves {r.randint(2, 8)}" if r.random() < 0.6 else "Ingredients:"
    return "\n".join([head, *amounts, *steps])


_OPENINGS = (
    "e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6 O-O Be7", "e4 c5 Nf3 d6 d4 cxd4 Nxd4 Nf6 Nc3 a6", "d4 d5 c4 e6 Nc3 Nf6 Bg5 Be7", "d4 Nf6 c4 g6 Nc3 Bg7 e4 d6",
    "e4 e6 d4 d5 Nc3 Bb4 e5 c5", "e4 c6 d4 d5 Nc3 dxe4 Nxe4 Bf5", "c4 e5 Nc3 Nf6 g3 d5 cxd5 Nxd5", "e4 e5 Nf3 Nc6 Bc4 Bc5 c3 Nf6 d3 d6",
    "d4 Nf6 c4 e6 Nc3 Bb4 e3 O-O Bd3 d5", "Nf3 d5 g3 Nf6 Bg2 c6 O-O Bg4",
)  # fmt: skip


def chess(r: Random) -> str:
    moves = list[str](r.choice(_OPENINGS).split())
    moves = moves[: r.randint(4, len(moves))]
    for _ in range(r.randint(6, 16)):
        square = r.choice("abcdefgh") + r.choice("12345678")
        piece = r.choice("NNBBRRQK")
        moves.append(
            r.choice(
                (
                    f"{piece}{square}",
                    f"{piece}x{square}",
                    r.choice("abcdefgh") + r.choice("3456"),
                    f"{piece}{square}+",
                )
            )
        )
    pairs = (f"{i // 2 + 1}. {' '.join(moves[i : i + 2])}" for i in range(0, len(moves), 2))
    return " ".join(pairs) + f" {r.choice(('1-0', '0-1', '1/2-1/2'))}"


FORMATS: dict[str, Callable[[Random], str]] = {
    "academic citations": citation,
    "HTTP requests": http_request,
    "Korean sentences": korean,
    "dialogue scripts": dialogue,
    "Python code": python_code,
    "SQL queries": sql,
    "LaTeX": latex,
    "DNA sequences": dna,
    "base64": base64_block,
    "log lines": log_lines,
    "e-mail headers": email_header,
    "recipe quantities": recipe,
    "chess notation": chess,
}
"""Every format's name and the function that writes one text of it."""


def format_texts(name: str, n: int, *, seed: int = 0) -> list[str]:
    """The first ``n`` different texts of a format.

    All texts come from one stream of draws, so that fewer are the beginning of more.

    Examples:
        >>> format_texts("LaTeX", 3, seed=1) == format_texts("LaTeX", 5, seed=1)[:3]
        True
        >>> format_texts("academic citations", 1, seed=2)[0][:29]
        'Kim, A., & Fischer, M. (2013)'

    Args:
        name: a key of `FORMATS`.
        seed: of the stream; another one gives other texts.

    Raises:
        ValueError: if there is no such format, or it has fewer different texts.
    """
    require_choice("name", name, FORMATS)
    r, seen = Random(f"{name}:{seed}"), {}
    for _ in range(100 * n + 1000):
        if len(seen) >= n:
            return list(seen)
        seen.setdefault(FORMATS[name](r))
    raise ValueError(f"{name} has not {n:,} different texts: {len(seen):,} were found")
