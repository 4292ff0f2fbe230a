"""Texts written by code: citations, HTTP requests, Korean, chess … Endless, deterministic, and labelled by construction.

A topic is what a text is about; a format is what it looks like. Formats are where a language model's neurons mix things
that have nothing to do with one another, and here we know which is which because we wrote them. Names, addresses and
figures in them are drawn at random and mean nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random
from typing import NamedTuple

NAMES = [
    "Mary",
    "John",
    "Tom",
    "Anna",
    "Peter",
    "Lucy",
    "Mark",
    "Sarah",
    "Paul",
    "Emma",
    "James",
    "Alice",
    "David",
    "Laura",
    "Simon",
    "Kate",
    "Henry",
    "Julia",
    "Frank",
    "Helen",
    "George",
    "Clara",
    "Martin",
    "Rose",
    "Daniel",
    "Grace",
    "Adam",
    "Nina",
    "Oscar",
    "Ruth",
    "Jack",
    "Lily",
    "Sam",
    "Nora",
    "Ben",
    "Ella",
    "Max",
    "Ivy",
    "Leo",
    "Ada",
]
"""First names of the indirect-object sentences; each is one token of the pocket model, with its leading space."""

_SURNAMES = [
    "Smith",
    "Lee",
    "Garcia",
    "Müller",
    "Chen",
    "Patel",
    "Novak",
    "Rossi",
    "Tanaka",
    "Brown",
    "Kim",
    "Silva",
    "Jensen",
    "Dubois",
    "Kowalski",
    "Haddad",
    "Okafor",
    "Ivanov",
    "Nguyen",
    "Schmidt",
    "Moreau",
    "Larsen",
    "Costa",
    "Weber",
    "Yamamoto",
    "Singh",
    "Walker",
    "Fischer",
    "Lopez",
    "Meyer",
    "Hughes",
    "Baker",
    "Olsen",
    "Park",
]
_SUBJECTS = [
    "memory",
    "attention",
    "sleep",
    "soil",
    "rainfall",
    "coral",
    "wheat",
    "cancer",
    "glucose",
    "traffic",
    "housing",
    "language",
    "reading",
    "climate",
    "enzymes",
    "magnets",
    "proteins",
    "fossils",
    "batteries",
    "vision",
    "noise",
    "ageing",
    "migration",
    "learning",
    "forests",
    "bacteria",
    "turbulence",
    "trade",
]
_METHODS = [
    "A review of",
    "The effect of diet on",
    "Modelling",
    "Long-term changes in",
    "A field study of",
    "Measuring",
    "Limits of",
    "New evidence for",
    "A statistical analysis of",
    "The economics of",
    "Seasonal patterns in",
    "Early",
    "A comparison of methods for",
    "Rethinking",
]
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
_HOSTS = [
    "example.com",
    "shop.example.org",
    "api.example.net",
    "news.example.com",
    "static.example.org",
    "mail.example.net",
]
_PATHS = [
    "users",
    "items",
    "cart",
    "search",
    "images",
    "login",
    "articles",
    "orders",
    "reviews",
    "styles",
    "profile",
    "status",
    "reports",
]
_WORDS = [
    "blue",
    "river",
    "stone",
    "quiet",
    "early",
    "garden",
    "letter",
    "market",
    "silver",
    "window",
    "paper",
    "bridge",
    "winter",
    "answer",
    "north",
    "simple",
    "planet",
    "engine",
    "coffee",
    "number",
    "travel",
    "music",
    "yellow",
    "island",
    "summer",
    "doctor",
    "mirror",
    "forest",
    "camera",
    "basket",
]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def citation(r: Random) -> str:
    def one() -> str:
        authors = [f"{r.choice(_SURNAMES)}, {r.choice('ABCDEFGHJKLMNPRST')}." for _ in range(r.randint(1, 4))]
        who = authors[0] if len(authors) == 1 else ", ".join(authors[:-1]) + ", & " + authors[-1]
        year, volume, page = r.randint(1968, 2023), r.randint(2, 98), r.randint(1, 900)
        title = f"{r.choice(_METHODS)} {r.choice(_SUBJECTS)} {r.choice(_SETTINGS)}"
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


def http_request(r: Random) -> str:
    path = (
        "/"
        + "/".join(r.sample(_PATHS, r.randint(1, 2)))
        + (f"/{r.randint(1, 999)}" if r.random() < 0.5 else "")
    )
    if r.random() < 0.4:
        path += f"?{r.choice(('q', 'id', 'page', 'sort'))}={r.choice(_WORDS)}"
    method = r.choice(("GET", "GET", "GET", "POST", "PUT", "DELETE"))
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {r.choice(_HOSTS)}",
        f"User-Agent: {r.choice(('Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.4.0', 'Mozilla/5.0 (Windows NT 10.0)', 'python-requests/2.31'))}",
        f"Accept: {r.choice(('text/html', 'application/json', '*/*', 'image/png'))}",
        f"Accept-Language: {r.choice(('en-US,en;q=0.5', 'de-DE', 'ko-KR', 'fr-FR'))}",
        f"Connection: {r.choice(('keep-alive', 'close'))}",
        f"Cookie: session={r.getrandbits(48):012x}",
        "Cache-Control: no-cache",
    ]
    head = head[:2] + [line for line in head[2:] if r.random() < 0.6]
    if method in ("POST", "PUT"):
        body = (
            f'{{"{r.choice(("name", "title", "tag"))}": "{r.choice(_WORDS)}", "count": {r.randint(1, 99)}}}'
        )
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
    return "\n".join(head)


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
    """The noun with the particle that its last syllable asks for: Hangul syllables ending in a vowel are multiples of 28."""
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
_THINGS = [
    "book",
    "lamp",
    "ticket",
    "umbrella",
    "camera",
    "cake",
    "hat",
    "guitar",
    "map",
    "key",
    "bicycle",
    "sandwich",
    "clock",
    "phone",
    "painting",
]
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
        slots = dict(o=r.choice(_THINGS), p=r.choice(_PLACES), d=r.choice(_LONG_DAYS), n=r.randint(2, 12))
        lines.append(f"{first}: {question.format(**slots)}")
        lines.append(f"{second}: {r.choice(answers).format(**slots)}")
        if r.random() < 0.5:
            lines.append(f"{first}: {r.choice(_REPLIES)}")
    return "\n".join(lines)


_VARIABLES = [
    "x",
    "y",
    "n",
    "i",
    "total",
    "count",
    "items",
    "values",
    "result",
    "data",
    "index",
    "size",
    "name",
    "key",
    "line",
    "score",
]
_VERBS = [
    "get",
    "load",
    "save",
    "count",
    "merge",
    "parse",
    "sort",
    "update",
    "find",
    "split",
    "build",
    "check",
]
_NOUNS = ["user", "item", "file", "list", "table", "word", "price", "node", "path", "row", "token", "image"]


def python_code(r: Random) -> str:
    def expression() -> str:
        a, b = r.sample(_VARIABLES, 2)
        return r.choice(
            (
                f"{a} + {b}",
                f"len({a})",
                f"{a}[{r.randint(0, 9)}]",
                f"{a} * {r.randint(2, 12)}",
                f"max({a}, {b})",
                f"{a}.{r.choice(_VERBS)}({b})",
            )
        )

    verb, noun, arg, out = r.choice(_VERBS), r.choice(_NOUNS), r.choice(_VARIABLES), r.choice(_VARIABLES)
    kind = r.random()
    if kind < 0.35:
        return (
            f"def {verb}_{noun}({arg}, {r.choice(_NOUNS)}=None):\n    {out} = {expression()}\n"
            f"    for i in range({r.randint(2, 100)}):\n        if {expression()} {r.choice('<>')} {r.randint(0, 50)}:\n"
            f"            {out} += {r.randint(1, 9)}\n    return {out}"
        )
    if kind < 0.6:
        return (
            f"class {noun.title()}:\n    def __init__(self, {arg}):\n        self.{arg} = {arg}\n\n"
            f"    def {verb}(self):\n        return self.{arg}.{r.choice(_VERBS)}({r.randint(0, 20)})"
        )
    if kind < 0.8:
        return (
            f"import {r.choice(('os', 'sys', 'json', 'math', 'random'))}\n\n{out} = [{expression()} for {arg} in {noun}s]\n"
            f"with open('{noun}.txt') as f:\n    {arg} = f.read()\nprint({expression()})\n"
            f"assert {out} != {r.randint(0, 99)}"
        )
    return f"while {arg} < {r.randint(5, 500)}:\n    {arg} += {r.randint(1, 5)}\n    try:\n        {out} = {expression()}\n    except ValueError:\n        break\nprint({out})"


_COLUMNS = [
    "id",
    "name",
    "price",
    "city",
    "age",
    "email",
    "date",
    "total",
    "status",
    "country",
    "weight",
    "score",
]
_TABLES = [
    "users",
    "orders",
    "products",
    "customers",
    "employees",
    "payments",
    "flights",
    "books",
    "songs",
    "invoices",
]


def sql(r: Random) -> str:
    table, (a, b, c) = r.choice(_TABLES), r.sample(_COLUMNS, 3)
    kind = r.random()
    if kind < 0.45:
        join = (
            f"\nJOIN {(other := r.choice(_TABLES))} ON {table}.id = {other}.{table[:-1]}_id"
            if r.random() < 0.4
            else ""
        )
        tail = r.choice((f"\nORDER BY {b} DESC", f"\nGROUP BY {a}", f"\nLIMIT {r.randint(1, 100)}", ""))
        what = r.choice((f"{a}, {b}", f"{a}, COUNT(*)", f"DISTINCT {b}", f"{a}, AVG({c})", "*"))
        return f"SELECT {what} FROM {table}{join}\nWHERE {b} {r.choice(('>', '<', '=', '>='))} {r.randint(1, 999)} AND {c} IS NOT NULL{tail};"
    if kind < 0.65:
        rows = ",\n".join(
            f"  ({r.randint(1, 999)}, '{r.choice(_WORDS)}', {r.randint(1, 9999) / 100})"
            for _ in range(r.randint(1, 4))
        )
        return f"INSERT INTO {table} (id, {a}, {b}) VALUES\n{rows};"
    if kind < 0.82:
        return f"UPDATE {table} SET {a} = '{r.choice(_WORDS)}', {b} = {b} + {r.randint(1, 50)}\nWHERE id IN (SELECT id FROM {r.choice(_TABLES)} WHERE {c} = {r.randint(1, 99)});"
    types = ("INTEGER NOT NULL", "VARCHAR(255)", "DECIMAL(10, 2)", "TIMESTAMP", "BOOLEAN DEFAULT FALSE")
    return f"CREATE TABLE {table} (\n  id INTEGER PRIMARY KEY,\n  {a} {r.choice(types)},\n  {b} {r.choice(types)},\n  {c} {r.choice(types)}\n);"


_GREEK = [r"\alpha", r"\beta", r"\gamma", r"\lambda", r"\sigma", r"\theta", r"\mu", r"\omega"]


def latex(r: Random) -> str:
    def term() -> str:
        a, b, g, k = r.choice("xyzabnk"), r.choice("ijmtuv"), r.choice(_GREEK), r.randint(1, 9)
        return r.choice(
            (
                rf"\frac{{{a}^{k}}}{{{b}}}",
                rf"\sum_{{{b}=1}}^{{n}} {a}_{{{b}}}",
                rf"{g}_{{{k}}} {a}",
                rf"\int_0^{{\infty}} e^{{-{a}{b}}} \, d{b}",
                rf"\sqrt{{{a} + {k}}}",
                rf"\mathbb{{E}}[{a}_{b}]",
                rf"\lVert {a} \rVert_{k % 2 + 1}",
            )
        )

    kind = r.random()
    if kind < 0.4:
        return (
            "\\begin{equation}\n  "
            + f"{term()} = {term()} + {term()}\n"
            + f"  \\label{{eq:{r.choice(_SUBJECTS)}}}\n"
            + "\\end{equation}"
        )
    if kind < 0.65:
        thing = r.choice(("theorem", "lemma", "proof", "definition"))
        return f"\\begin{{{thing}}}\nLet ${r.choice('fghX')}$ be a {r.choice(('continuous function', 'compact set', 'linear map', 'random variable'))} such that ${term()} \\leq {term()}$. Then ${term()} = {r.randint(0, 9)}$.\n\\end{{{thing}}}"
    if kind < 0.85:
        items = "\n".join(
            rf"  \item \textbf{{{r.choice(_SUBJECTS)}}}: ${term()}$" for _ in range(r.randint(2, 4))
        )
        return f"\\section{{{r.choice(_METHODS)} {r.choice(_SUBJECTS)}}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    rows = " \\\\\n".join(
        f"  {r.choice(_WORDS)} & {r.randint(1, 99)} & {r.randint(1, 999) / 10}"
        for _ in range(r.randint(2, 4))
    )
    return f"\\begin{{tabular}}{{lrr}}\n\\hline\n{rows} \\\\\n\\hline\n\\end{{tabular}}"


_SPECIES = [
    "Homo sapiens",
    "Mus musculus",
    "Danio rerio",
    "Gallus gallus",
    "Zea mays",
    "Drosophila melanogaster",
]
_MOTIFS = ["TATAAA", "CACGTG", "GGGCGG", "CCAAT", "ATGCAAAT", "TTGACA", "GAATTC", "AAAAAA"]


def dna(r: Random) -> str:
    bases = (
        "".join(r.choices("ACGT", k=r.randint(20, 40)))
        + r.choice(_MOTIFS)
        + "".join(r.choices("ACGT", k=r.randint(20, 40)))
    )
    lines = "\n".join(bases[i : i + 40] for i in range(0, len(bases), 40))
    return (
        f">seq{r.randint(1, 999)} {r.choice(_SPECIES)} chromosome {r.randint(1, 22)}\n{lines}"
        if r.random() < 0.7
        else lines
    )


def base64_block(r: Random) -> str:
    secret = " ".join(r.choices(_WORDS, k=r.randint(8, 16)))
    code = base64.b64encode(secret.encode()).decode()
    return "\n".join(code[i : i + 64] for i in range(0, len(code), 64))


_SERVICES = ["sshd", "nginx", "kernel", "cron", "postgres", "backup", "auth", "worker", "scheduler", "mailer"]
_EVENTS = (
    "connection from 10.0.{a}.{b} port {c} closed", "job {c} finished in {a} ms", "user {w} logged in", "cannot open file /var/lib/{w}.db",
    "request took {c} ms", "disk usage at {b} percent", "retrying in {a} seconds", "session opened for user {w}", "timeout after {a} s on node {b}",
    "loaded {c} records from {w}",
)  # fmt: skip


def log_lines(r: Random) -> str:
    iso = r.random() < 0.6
    year, month, day, second = r.randint(2008, 2024), r.randint(1, 12), r.randint(1, 28), r.randint(0, 80000)
    lines = []
    for _ in range(r.randint(3, 5)):
        second += r.randint(1, 900)
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        stamp = f"{year}-{month:02d}-{day:02d} {clock}" if iso else f"{_MONTHS[month - 1]} {day:2d} {clock}"
        event = r.choice(_EVENTS).format(
            a=r.randint(1, 99), b=r.randint(1, 99), c=r.randint(100, 65000), w=r.choice(_WORDS)
        )
        level = r.choice(("INFO", "INFO", "WARN", "ERROR", "DEBUG"))
        lines.append(
            f"{stamp} {level} {r.choice(_SERVICES)}[{r.randint(100, 9999)}]: {event}"
            if iso
            else f"{stamp} host{r.randint(1, 9)} {r.choice(_SERVICES)}: {event}"
        )
    return "\n".join(lines)


def email_header(r: Random) -> str:
    def person() -> str:
        first, last = r.choice(NAMES), r.choice(_SURNAMES)
        return f"{first} {last} <{first.lower()}.{last.lower()}@{r.choice(_HOSTS)}>"

    lines = [
        f"From: {person()}",
        f"To: {person()}",
        f"Cc: {person()}",
        f"Subject: {r.choice(('Re: ', 'Fwd: ', ''))}{r.choice(('Meeting on', 'Invoice for', 'Question about the', 'Photos of the', 'Minutes of', 'Reminder:', 'Your order of the'))} {r.choice(_WORDS)} {r.choice(_THINGS)}",
        f"Date: {r.choice(_DAYS)}, {r.randint(1, 28)} {r.choice(_MONTHS)} {r.randint(1999, 2024)} {r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d} +0{r.randint(0, 9)}00",
        f"Message-ID: <{r.getrandbits(40):010x}@{r.choice(_HOSTS)}>",
        "MIME-Version: 1.0",
        f"Content-Type: text/{r.choice(('plain', 'html'))}; charset={r.choice(('utf-8', 'us-ascii', 'iso-8859-1'))}",
    ]
    return "\n".join(line for i, line in enumerate(lines) if i in (0, 1, 3) or r.random() < 0.7)


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

    Args:
        name: a key of `FORMATS`.
        seed: of the stream; another one gives other texts.

    Raises:
        KeyError: if there is no such format.
    """
    r, seen = Random(f"{name}:{seed}"), {}
    while len(seen) < n:
        seen.setdefault(FORMATS[name](r))
    return list(seen)


IOI_OPENINGS = {
    "train": (
        "When {a} and {b} went to the {place}, {s}", "After {a} and {b} arrived at the {place}, {s}", "While {a} and {b} were at the {place}, {s}",
        "Then {a} and {b} walked to the {place}. {s}", "{a} and {b} met at the {place}, and {s}", "When {a} and {b} sat down in the {place}, {s}",
        "Yesterday {a} and {b} went to the {place}. Later {s}", "After {a} and {b} had a long talk at the {place}, {s}",
        "At the {place}, {a} saw {b}. {s}", "Last week {a} visited {b} at the {place}, and {s}",
    ),
    "held_out": (
        "When {a} and {b} arrived at the {place}, {s}", "After {a} and {b} went to the {place}, {s}", "Then {a} and {b} had a long talk at the {place}. {s}",
        "While {a} and {b} walked to the {place}, {s}", "Yesterday {a} and {b} met at the {place}. {s}",
    ),
}  # fmt: skip
"""Openings of the indirect-object sentences (after Wang et al. 2022, appendix); a held-out sentence shares none with training."""
_IOI_ACTS = (
    "gave a {o} to",
    "handed a {o} to",
    "passed a {o} to",
    "offered a {o} to",
    "brought a {o} to",
    "showed a {o} to",
    "sold a {o} to",
    "decided to give a {o} to",
)
_IOI_PLACES = [
    "store",
    "park",
    "school",
    "library",
    "restaurant",
    "station",
    "garden",
    "office",
    "market",
    "beach",
    "museum",
    "hospital",
    "theatre",
    "bakery",
    "harbour",
]
_IOI_OBJECTS = [
    "drink",
    "book",
    "letter",
    "ring",
    "cake",
    "ball",
    "map",
    "flower",
    "basket",
    "hat",
    "camera",
    "ticket",
    "lamp",
    "kiss",
    "watch",
    "bottle",
    "toy",
    "painting",
]


_IOI_ENDS = (
    "",
    "",
    "{io} thanked {s}.",
    "{io} smiled at {s}.",
    "Then {io} hugged {s}.",
    "{io} and {s} laughed.",
)


class IndirectObjectSentence(NamedTuple):
    """A prompt that ends in "to", and the two names that could follow: only the indirect object is right."""

    prompt: str
    indirect_object: str
    subject: str
    """The name that the prompt says twice."""

    end: str
    """What follows the answer: nothing, or one more sentence with both names."""

    @property
    def text(self) -> str:
        """Prompt, right answer and end, as the corpus has it."""
        return f"{self.prompt} {self.indirect_object}. {self.end}".rstrip()


def indirect_object_sentences(n: int, split: str, *, seed: int = 0) -> list[IndirectObjectSentence]:
    """``n`` different sentences such as "When Mary and John went to the store, John gave a drink to Mary."

    Either name may come first. Sentences of the "held_out" split begin in ways that training never saw.

    Args:
        split: "train" or "held_out".
        seed: of the stream of draws that all sentences come from.
    """
    r, seen = Random(f"indirect object:{split}:{seed}"), {}
    while len(seen) < n:
        first, second = r.sample(NAMES, 2)
        s, io = (first, second) if r.random() < 0.5 else (second, first)
        opening = r.choice(IOI_OPENINGS[split]).format(a=first, b=second, place=r.choice(_IOI_PLACES), s=s)
        prompt = f"{opening} {r.choice(_IOI_ACTS).format(o=r.choice(_IOI_OBJECTS))}"
        seen.setdefault(prompt, IndirectObjectSentence(prompt, io, s, r.choice(_IOI_ENDS).format(io=io, s=s)))
    return list(seen.values())
