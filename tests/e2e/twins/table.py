"""table.py - the table of the documentation: what each image is as each kind, and what the shapes tell."""
import re

import cases
import shapes
from images import IMAGES

BEGIN, END = "<!-- twins: begin -->", "<!-- twins: end -->"


def cell(words):
    """What a cell says of {setting: words}."""
    if not words:
        return "-"
    return next(iter(words.values())) if len(words) == len(cases.SETTINGS) and len(set(words.values())) == 1 else " / ".join(
        f"{setting}: {words[setting]}" for setting in sorted(words))


def words_of(said):
    """The opposite: {setting: words} of a cell."""
    if said == "-":
        return {}
    parts = [part.partition(": ") for part in said.split(" / ")]
    return {s: w for s, _, w in parts} if parts[0][0] in cases.SETTINGS else dict.fromkeys(cases.SETTINGS, said)


def lines(head, rows, columns, results, first):
    yield "| " + " | ".join([head, *columns]) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for row in rows:
        yield "| " + " | ".join([first(row), *(cell(results.get((row, column), {})) for column in columns)]) + " |"


def title(row):
    """A row's first column: an image's name, what a shape tells."""
    return row if row in IMAGES else shapes.SHAPES[row][0]


def columns_of(row):
    return list(cases.COLUMNS if row in IMAGES else shapes.WAYS)


def format_table(results, before):
    """The lines between the marks; `results`: [Result]; `before`: rows_of what the document had, for what has not run."""
    found = {(row, column): words_of(said) for row in (*IMAGES, *shapes.SHAPES)
             for column, said in zip(columns_of(row), before.get(title(row), []))}
    for r in results:
        found.setdefault((r.row, r.column), {})[r.setting] = ("differs: " if r.wrong else "") + (r.how or "same")
    yield BEGIN
    yield from lines("image", IMAGES, cases.COLUMNS, found, title)
    yield ""
    yield from lines("shape", shapes.SHAPES, shapes.WAYS, found, title)
    yield END


def rows_of(text):
    """{row: [cells]} of a document's table."""
    between = re.search(re.escape(BEGIN) + r"\n(.*?)" + re.escape(END), text, re.S)
    split = [[c.strip() for c in line.strip("| \n").split(" | ")] for line in (between[1] if between else "").splitlines()]
    return {r[0]: r[1:] for r in split if len(r) > 1}


def replaced(text, results):
    table = "\n".join(format_table(results, rows_of(text)))
    return re.sub(re.escape(BEGIN) + r".*?" + re.escape(END), lambda _: table, text, flags=re.S)


def check(text, results):
    """What rows a document's table lacks, and what it says otherwise than these results; lines.  A cell "-" says nothing yet."""
    rows = rows_of(text)
    wrong = [f"no row for {title(row)}" for row in (*IMAGES, *shapes.SHAPES) if len(rows.get(title(row), [])) != len(columns_of(row))]
    if wrong:
        return wrong
    for r in results:
        said = words_of(rows[title(r.row)][columns_of(r.row).index(r.column)]).get(r.setting)
        if said not in (None, r.how or "same"):
            wrong.append(f"{r.row}, {r.column}, {r.setting}: the table says {said}, the run {r.how}")
    return wrong
