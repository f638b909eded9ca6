"""documents: what README.md and docs/*.md show, as tests compare it."""

import re

from support.env import ROOT


def text_of(document):
    """Of docs/DOCUMENT.md."""
    with open(f"{ROOT}/docs/{document}.md", encoding="utf-8") as f:
        return f.read()


def titles_of(document):
    return re.findall("^## (.*)$", text_of(document), re.M)


def section(document, title):
    return re.search(rf"^## {re.escape(title)}$(.*?)^## ",
                     text_of(document) + "\n## ", re.M | re.S)[1]


def blocks(document, title):
    """[lines of an indented block]"""
    return [[line.strip() for line in block.splitlines()] for block in
            re.findall(r"(?:^ {4}.*\n)+", section(document, title), re.M)
            if block.lstrip()[:2] != "- "]


def block(document, title, begins):
    return next(b for b in blocks(document, title)
                if b[0].startswith(begins))


def shown(document, title):
    """[(command, what it prints)]"""
    found = []
    for line in sum((b for b in blocks(document, title)
                     if b[0].startswith("$ ")), []):
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found
