"""Formats that programs read or write: HTTP requests, source code, logs …; `formats` has them by name."""

from __future__ import annotations

import base64
from random import Random

from course_utils.lm.words import HOSTS, METHODS, MONTHS, NAMES, SUBJECTS, SURNAMES, THINGS, WORDS

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


def http_request(r: Random) -> str:
    path = (
        "/"
        + "/".join(r.sample(_PATHS, r.randint(1, 2)))
        + (f"/{r.randint(1, 999)}" if r.random() < 0.5 else "")
    )
    if r.random() < 0.4:
        path += f"?{r.choice(('q', 'id', 'page', 'sort'))}={r.choice(WORDS)}"
    method = r.choice(("GET", "GET", "GET", "POST", "PUT", "DELETE"))
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {r.choice(HOSTS)}",
        f"User-Agent: {r.choice(('Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.4.0', 'Mozilla/5.0 (Windows NT 10.0)', 'python-requests/2.31'))}",
        f"Accept: {r.choice(('text/html', 'application/json', '*/*', 'image/png'))}",
        f"Accept-Language: {r.choice(('en-US,en;q=0.5', 'de-DE', 'ko-KR', 'fr-FR'))}",
        f"Connection: {r.choice(('keep-alive', 'close'))}",
        f"Cookie: session={r.getrandbits(48):012x}",
        "Cache-Control: no-cache",
    ]
    head = head[:2] + [line for line in head[2:] if r.random() < 0.6]
    if method in ("POST", "PUT"):
        body = f'{{"{r.choice(("name", "title", "tag"))}": "{r.choice(WORDS)}", "count": {r.randint(1, 99)}}}'
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
    return "\n".join(head)


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
            f"  ({r.randint(1, 999)}, '{r.choice(WORDS)}', {r.randint(1, 9999) / 100})"
            for _ in range(r.randint(1, 4))
        )
        return f"INSERT INTO {table} (id, {a}, {b}) VALUES\n{rows};"
    if kind < 0.82:
        return f"UPDATE {table} SET {a} = '{r.choice(WORDS)}', {b} = {b} + {r.randint(1, 50)}\nWHERE id IN (SELECT id FROM {r.choice(_TABLES)} WHERE {c} = {r.randint(1, 99)});"
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
            + f"  \\label{{eq:{r.choice(SUBJECTS)}}}\n"
            + "\\end{equation}"
        )
    if kind < 0.65:
        thing = r.choice(("theorem", "lemma", "proof", "definition"))
        return f"\\begin{{{thing}}}\nLet ${r.choice('fghX')}$ be a {r.choice(('continuous function', 'compact set', 'linear map', 'random variable'))} such that ${term()} \\leq {term()}$. Then ${term()} = {r.randint(0, 9)}$.\n\\end{{{thing}}}"
    if kind < 0.85:
        items = "\n".join(
            rf"  \item \textbf{{{r.choice(SUBJECTS)}}}: ${term()}$" for _ in range(r.randint(2, 4))
        )
        return f"\\section{{{r.choice(METHODS)} {r.choice(SUBJECTS)}}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    rows = " \\\\\n".join(
        f"  {r.choice(WORDS)} & {r.randint(1, 99)} & {r.randint(1, 999) / 10}" for _ in range(r.randint(2, 4))
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
    secret = " ".join(r.choices(WORDS, k=r.randint(8, 16)))
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
        stamp = f"{year}-{month:02d}-{day:02d} {clock}" if iso else f"{MONTHS[month - 1]} {day:2d} {clock}"
        event = r.choice(_EVENTS).format(
            a=r.randint(1, 99), b=r.randint(1, 99), c=r.randint(100, 65000), w=r.choice(WORDS)
        )
        level = r.choice(("INFO", "INFO", "WARN", "ERROR", "DEBUG"))
        lines.append(
            f"{stamp} {level} {r.choice(_SERVICES)}[{r.randint(100, 9999)}]: {event}"
            if iso
            else f"{stamp} host{r.randint(1, 9)} {r.choice(_SERVICES)}: {event}"
        )
    return "\n".join(lines)


_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def email_header(r: Random) -> str:
    def person() -> str:
        first, last = r.choice(NAMES), r.choice(SURNAMES)
        return f"{first} {last} <{first.lower()}.{last.lower()}@{r.choice(HOSTS)}>"

    lines = [
        f"From: {person()}",
        f"To: {person()}",
        f"Cc: {person()}",
        f"Subject: {r.choice(('Re: ', 'Fwd: ', ''))}{r.choice(('Meeting on', 'Invoice for', 'Question about the', 'Photos of the', 'Minutes of', 'Reminder:', 'Your order of the'))} {r.choice(WORDS)} {r.choice(THINGS)}",
        f"Date: {r.choice(_DAYS)}, {r.randint(1, 28)} {r.choice(MONTHS)} {r.randint(1999, 2024)} {r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d} +0{r.randint(0, 9)}00",
        f"Message-ID: <{r.getrandbits(40):010x}@{r.choice(HOSTS)}>",
        "MIME-Version: 1.0",
        f"Content-Type: text/{r.choice(('plain', 'html'))}; charset={r.choice(('utf-8', 'us-ascii', 'iso-8859-1'))}",
    ]
    return "\n".join(line for i, line in enumerate(lines) if i in (0, 1, 3) or r.random() < 0.7)
