"""The books a new shop opens with."""

from __future__ import annotations

from typing import NamedTuple

from tools.demo.models import Book, Genre


class Title(NamedTuple):
    """One line of the opening stock."""

    code: str
    title: str
    author: str
    genre: Genre
    published: int
    price: str
    stock: int
    summary: str


OPENING_STOCK = (
    Title("moonstone", "The Moonstone", "Wilkie Collins", Genre.CRIME, 1868, "9.50", 12,
          "A diamond vanishes on the night of a birthday, and everybody has a version of it."),
    Title("baskervilles", "The Hound of the Baskervilles", "Arthur Conan Doyle", Genre.CRIME, 1902,
          "7.90", 31, "A family curse, a moor, and the footprints of a gigantic hound."),
    Title("phantastes", "Phantastes", "George MacDonald", Genre.FANTASY, 1858, "8.20", 4,
          "A young man wakes to find that his room has become a forest."),
    Title("elfland", "The King of Elfland's Daughter", "Lord Dunsany", Genre.FANTASY, 1924,
          "10.40", 9, "A parliament asks for a magic lord, and is given what it asked for."),
    Title("decline", "The Decline and Fall of the Roman Empire", "Edward Gibbon", Genre.HISTORY,
          1776, "34.00", 2, "Thirteen centuries, six volumes and the most quoted footnotes there are."),
    Title("peloponnesian", "The Peloponnesian War", "Thucydides", Genre.HISTORY, 1874, "14.30", 7,
          "A general writes down the war he lost, as a possession for all time."),
    Title("origin", "On the Origin of Species", "Charles Darwin", Genre.SCIENCE, 1859, "11.00", 15,
          "One long argument, from pigeons to the entangled bank."),
    Title("candle", "The Chemical History of a Candle", "Michael Faraday", Genre.SCIENCE, 1861,
          "6.80", 22, "Six lectures that find all of chemistry in a flame."),
    Title("beagle", "The Voyage of the Beagle", "Charles Darwin", Genre.TRAVEL, 1839, "12.60", 5,
          "Five years around the world with a hammer and a notebook."),
    Title("eothen", "Eothen", "Alexander Kinglake", Genre.TRAVEL, 1844, "9.10", 0,
          "A ride through the Levant by somebody who refuses to be improved by it."),
)  # fmt: skip


def fill() -> int:
    """Put the opening stock on empty shelves; how many titles were added."""
    if Book.objects.exists():
        return 0
    return len(Book.objects.bulk_create(Book(**title._asdict()) for title in OPENING_STOCK))
