"""The tables as one Markdown file, and the validation as a part of the page."""

import html
import pathlib

from research.ruler.page import table_html
from research.ruler.tables import (
    ATTRIBUTE_HEADER,
    BESIDE,
    HEADER,
    JUDGED_ONLY_HEADER,
    aligned,
    attribute_rows,
    beside_rows,
    judged_only_rows,
    main_rows,
    markdown,
)
from research.ruler.validation_tables import content_row, content_table, ghost_row, ghost_table, scorer_table


def ruler_html(ruler: dict) -> str:
    """The validation."""
    tables = [table_html(*table(ruler)) for table in (scorer_table, content_table, ghost_table)]
    return "".join(tables + [f"<p>{html.escape(row(ruler))}</p>" for row in (content_row, ghost_row)])


def write_tables(path: pathlib.Path, methods: dict, ruler: dict) -> str:
    """All tables to the file; returns the main one for a terminal."""
    text = [
        markdown(HEADER, main_rows(methods)),
        markdown(JUDGED_ONLY_HEADER, judged_only_rows(methods)),
        markdown(BESIDE, beside_rows(methods)),
        markdown(ATTRIBUTE_HEADER, attribute_rows(methods)),
        markdown(*scorer_table(ruler)),
        markdown(*content_table(ruler)),
        content_row(ruler),
        markdown(*ghost_table(ruler)),
        ghost_row(ruler),
    ]
    path.write_text("\n\n".join(text) + "\n")
    return aligned(HEADER, main_rows(methods))
